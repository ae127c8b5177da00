"""archstat within the frameworks that people train with: what a step costs, and how well it uses the device.

One file is one framework, and needs that framework alone: :mod:`~archstat.frameworks.lightning`,
:mod:`~archstat.frameworks.transformers`, :mod:`~archstat.frameworks.keras`, :mod:`~archstat.frameworks.ultralytics`,
:mod:`~archstat.frameworks.timm`. What they share knows no framework: ``steps`` counts, ``rates`` takes the time,
``peak`` knows the device, ``watch`` puts these together.
"""
