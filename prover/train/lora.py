"""Low-rank adapters: small matrices that are trained while the model's own weights stay as they are
(LoRA, Hu et al. 2021, arXiv 2106.09685), on every linear layer but the head (Dettmers et al. 2023,
arXiv 2305.14314, section 4)."""

from __future__ import annotations

import warnings
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.train.corpus import TrainingError, sharded

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from peft import LoraConfig
    from transformers import LlamaForCausalLM, PreTrainedModel

ALPHA = 32
RATE = 10.0
"""How many times the learning rate of full training (both as in Schulman et al. 2025, "LoRA Without
Regret", thinkingmachines.ai/blog/lora)."""

FILE = "adapters.safetensors"


def adapters(rank: int, task: str = "CAUSAL_LM") -> LoraConfig:
    """Adapters of this rank, for `add_adapters` or for a trainer of TRL; `task` is one of peft's names.

    Raises:
        TrainingError: peft is not installed, or the launcher has the model shared out.
    """
    if sharded():
        raise TrainingError(
            "--lora does not go with FSDP, and need not: launch with one_gpu.yaml, or with "
            "`accelerate launch --multi_gpu`, which gives each GPU a copy of the model"
        )
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise TrainingError("--lora needs peft: pip install 'prover[train]'") from error
    return LoraConfig(r=rank, lora_alpha=ALPHA, target_modules="all-linear", task_type=task)


def weights_dtype(frozen: object) -> str:
    """What the weights of a model are loaded in: float32, but where they stay `frozen`, on a GPU,
    bfloat16."""
    import torch

    return "bfloat16" if frozen and torch.cuda.is_available() else "float32"


def add_adapters(model: PreTrainedModel, config: LoraConfig, seed: int) -> Any:
    """The model with adapters, which alone are trained; at first they change nothing. Its
    `merge_and_unload` makes them part of the weights."""
    import torch
    from peft import get_peft_model

    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks for what transformers renames
        torch.manual_seed(seed)
        return get_peft_model(model, config)


def fingerprint(model: LlamaForCausalLM) -> str:
    """A hash of some of the weights of every layer: checkpoints do not hold what is frozen."""
    digest = sha256()
    for weight in model.parameters():
        some = weight.detach().flatten()[:: max(1, weight.numel() // 64)]
        digest.update(some.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def checkpoint_adapters(accelerator: Accelerator) -> None:
    """From now on a checkpoint holds of the model only what is trained."""
    from safetensors.torch import load_file, save_file

    def trained(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
        whole = accelerator.unwrap_model(model)
        return {name: p for name, p in whole.named_parameters() if p.requires_grad}

    def save(models: list[torch.nn.Module], weights: list[Any], folder: str) -> None:
        weights.clear()
        if accelerator.is_main_process:
            save_file({n: p.detach() for n, p in trained(models[0]).items()}, Path(folder, FILE))

    def load(models: list[torch.nn.Module], folder: str) -> None:
        there = load_file(Path(folder, FILE))
        for name, weight in trained(models.pop()).items():
            weight.data.copy_(there[name])

    accelerator.register_save_state_pre_hook(save)
    accelerator.register_load_state_pre_hook(load)
