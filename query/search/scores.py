"""From cosines to the model's own logits and probabilities.

logit = exp(scale) * cosine + bias and p = 1 / (1 + exp(-logit)), with the checkpoint's scale and bias, in float32
(Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023).
"""

from __future__ import annotations

import math

import numpy as np

from store import SpaceIdentity


def logit(cosine: float, identity: SpaceIdentity) -> float:
    """The model's logit for a picture and a text of that cosine."""
    scale = np.exp(np.float32(identity.logit_scale))
    return float(scale * np.float32(cosine) + np.float32(identity.logit_bias))


def probability(cosine: float, identity: SpaceIdentity) -> float:
    """The model's probability that the text describes the picture."""
    # This form neither overflows nor loses small probabilities.
    return float(np.exp(-np.logaddexp(np.float32(0), np.float32(-logit(cosine, identity)))))


def cosine_of(p: float, identity: SpaceIdentity) -> float:
    """The cosine that has probability *p*; minus infinity for 0 and below, plus infinity for 1 and above."""
    if p <= 0:
        return -math.inf
    if p >= 1:
        return math.inf
    return (math.log(p / (1 - p)) - identity.logit_bias) / math.exp(identity.logit_scale)
