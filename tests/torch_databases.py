"""The databases of torch's own tests: ops and layers, with inputs that they take and inputs that they refuse."""

import torch
from torch.testing._internal import common_methods_invocations as database
from torch.testing._internal import common_utils
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

__all__ = ["ModuleErrorEnum", "database", "module_db"]

# Whoever imports them forbids the whole process to set its switches.
torch.backends.disable_global_flags.__globals__["__allow_nonbracketed_mutation_flag"] = True

# For each sample they look through the stack for a unittest that asked, of which there is none here: with the source
# lines of every frame that takes twenty times as long as everything else that is done with the sample.
common_utils.extract_test_fn = lambda: None
