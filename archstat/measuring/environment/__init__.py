"""What numbers depend on besides the network: the computer, its noise, the GPU, torch and its switches."""
