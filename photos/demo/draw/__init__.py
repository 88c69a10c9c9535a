"""Drawing of scenes. The same scene is the same picture at every size."""

from .picture import draw_scene, draw_training

__all__ = ["draw_scene", "draw_training"]
