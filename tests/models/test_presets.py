import pytest
import torch
from transformers import LlamaConfig

from prover.errors import WrongUse
from prover.models.presets import PRESETS, count_parameters, find_preset, model_config, new_model

BOUNDS = {
    "tiny": (0.5e6, 1.5e6),
    "small": (2e6, 6e6),
    "medium": (100e6, 300e6),
    "llemma-7b": (6.7e9, 6.8e9),
    "llemma-34b": (33e9, 34.5e9),
}


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_has_the_size_it_is_named_for(name: str) -> None:
    low, high = BOUNDS[name]
    assert low <= count_parameters(model_config(PRESETS[name])) <= high


def test_the_count_is_that_of_a_real_model() -> None:
    config = model_config(PRESETS["tiny"])
    model = new_model(config, seed=0)
    weights = {id(weight): weight.numel() for weight in model.parameters()}
    assert count_parameters(config) == sum(weights.values())


def rope_base(config: LlamaConfig) -> float:
    assert config.rope_parameters is not None
    base = config.rope_parameters["rope_theta"]
    assert base is not None
    return float(base)


def test_llemma_7b_has_code_llamas_shape_and_its_own_rope_base() -> None:
    config = model_config(PRESETS["llemma-7b"])
    assert rope_base(config) == 10_000
    assert count_parameters(config) == 6_738_546_688  # that of CodeLlama-7b with 32,016 tokens
    assert rope_base(model_config(PRESETS["llemma-34b"])) == 1_000_000


def test_the_rope_base_reaches_the_rotation() -> None:
    frequencies = {
        theta: new_model(
            model_config(
                type(PRESETS["tiny"])(64, 64, 64, 1, 2, 2, 64, rope_theta=theta, tied=True)
            ),
            seed=0,
        ).model.rotary_emb.inv_freq
        for theta in (1e4, 1e6)
    }
    expected = 1e4 ** (-torch.arange(0, 32, 2) / 32)
    torch.testing.assert_close(frequencies[1e4], expected)
    assert frequencies[1e6][-1] < frequencies[1e4][-1]


def test_the_seed_decides_the_weights_and_disturbs_nothing_else() -> None:
    config = model_config(PRESETS["tiny"])
    state = torch.get_rng_state()
    first, again, other = (new_model(config, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["lm_head.weight"], other["lm_head.weight"])


def test_an_unknown_preset_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WrongUse, match=r"'huge'.*tiny, small, medium, llemma-7b, llemma-34b"):
        find_preset("huge")
