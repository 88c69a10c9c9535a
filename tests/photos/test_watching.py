"""Parts of `watch` that need no process."""

from photos.watching import KeptTower


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_tower_is_kept_between_passes_and_given_back_when_idle():
    made, clock = [], Clock()
    tower = KeptTower(lambda: made.append(1) or object(), 600, clock)
    first = tower()
    clock.now = 500
    tower.rest()
    assert tower() is first
    clock.now = 1099
    tower.rest()
    assert tower() is first
    clock.now = 1699
    tower.rest()
    assert tower() is not first
    assert len(made) == 2
