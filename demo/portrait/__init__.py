"""Portraits drawn from factors: the renderer, 256 pixels and any smaller size."""

from privai_tf.demo.portrait.renderer import portraits, render

__all__ = ["portraits", "render"]
