"""Windows for PyTorch: a data set, a sampler with a state, and a loader without worker processes.

The only modules of the package that import torch.
"""

from bytestride.torch.dataset import WindowDataset
from bytestride.torch.loader import WindowLoader
from bytestride.torch.remote import RemoteWindows
from bytestride.torch.sampler import WindowSampler

__all__ = ["RemoteWindows", "WindowDataset", "WindowLoader", "WindowSampler"]
