"""Runs the environments of examples/grpo_trl.py under TRL's own GRPOTrainer, on a processor: a Qwen3 of random weights
learns for some steps, while what it would say is scripted, so that its tools are called.

    trl_check.py URL STEPS
"""

import json
import os
import random
import sys
from pathlib import Path

url, steps = sys.argv[1], int(sys.argv[2])
os.environ.update(INCIDENT_BENCH_URL=url, CUDA_VISIBLE_DEVICES="", TRL_EXPERIMENTAL_SILENCE="1", HF_HUB_OFFLINE="1")
sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import grpo_trl
import trl
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def tokenizer():
    """A token for each byte, and TRL's own copy of Qwen3's chat template."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({token: number for number, token in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    # They are words of the text and no marks that decoding drops.
    inner.add_tokens(["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"])
    inner.add_special_tokens(SPECIAL)
    outer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    outer.chat_template = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()
    return outer


class Scripted(trl.GRPOTrainer):
    """Says what a model might: a look, a submission, and a word."""

    chance = random.Random(0)

    def _generate_single_turn(self, prompt_ids, *_, **__):
        said = [self.say(self.processing_class.decode(ids)) + "<|im_end|>" for ids in prompt_ids]
        return [self.processing_class(text, add_special_tokens=False)["input_ids"] for text in said], None

    def say(self, prompt):
        services = prompt.split("Services: ")[1].split("\n")[0].split(", ")
        service = self.chance.choice(services)
        seen = prompt.count("<tool_response>")
        if seen == 0:
            return self.call("query_logs", service=service)
        if seen > 1:
            return "Done."
        if "submit_severity" in prompt:
            return self.call("submit_severity", severity=self.chance.choice(["P1", "P2", "P3", "P4"]))
        if "submit_root_cause" in prompt:
            return self.call("submit_root_cause", service=service, failure_mode="memory")
        return self.call("submit_resolution", summary="restarted")

    @staticmethod
    def call(name, **arguments):
        return "<tool_call>\n" + json.dumps({"name": name, "arguments": arguments}) + "\n</tool_call>"


def main():
    words = tokenizer()
    config = Qwen3Config(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=32768,
    )
    arguments = trl.GRPOConfig(
        output_dir=os.environ["OUT"], max_steps=steps, num_generations=4, per_device_train_batch_size=4,
        max_completion_length=8192, max_tool_calling_iterations=15, use_cpu=True, bf16=False, logging_steps=1,
        report_to="none", save_strategy="no", gradient_checkpointing=False, beta=0.0, disable_tqdm=True,
    )
    trainer = Scripted(
        model=Qwen3ForCausalLM(config), args=arguments, train_dataset=Dataset.from_list(grpo_trl.rows(steps)),
        processing_class=words, environment_factory=grpo_trl.ENVIRONMENTS,
    )
    trainer.train()
    logs = [log for log in trainer.state.log_history if "reward" in log]
    assert len(logs) == steps, trainer.state.log_history
    for number, log in enumerate(logs, 1):
        calls, failures = log["tools/call_frequency"], log["tools/failure_frequency"]
        print(f"step {number}: reward {log['reward']:.4f} ± {log['reward_std']:.4f}, {calls:g} calls a rollout")
        # A look and a submission each, and none of them refused.
        assert (calls, failures) == (2, 0), log
        assert log["reward"] > 0, log
    assert any(log["grad_norm"] > 0 for log in logs), "nothing was learned from"


if __name__ == "__main__":
    main()
