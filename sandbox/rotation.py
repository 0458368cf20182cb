"""What a switch says about refresh tokens; a provider's grants ask it at every refresh."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rotation:
    """None leaves it to the provider's own rule."""

    single_use: bool | None = None
    grace_s: float | None = None

    def renews(self, *, usually: bool) -> bool:
        """Tell whether this refresh hands out another refresh token."""
        return usually if self.single_use is None else self.single_use

    def grace(self, usual_s: float) -> float:
        """Return for how many seconds the token before still works."""
        return usual_s if self.grace_s is None else self.grace_s
