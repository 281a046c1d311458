"""Runs real Minecraft programs against Drawbridge. Standard library only; `../run` is the way in."""
