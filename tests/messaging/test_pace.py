"""The permitted rate holds over all workers together: whoever claims takes the next moments from one row."""

import threading

from cases.db import Database
from messaging import pace


def test_what_one_has_taken_is_not_there_for_another(db: Database) -> None:
    with db.acting() as session:
        assert pace.room(session, "x", 1.0, 20.0) == 20
        assert len(pace.take(session, "x", 15, 1.0)) == 15
    with db.acting() as session:
        left = pace.room(session, "x", 1.0, 20.0)
        assert 5 <= left < 20
        pace.take(session, "x", 20, 1.0)
        assert pace.room(session, "x", 1.0, 20.0) == 0


def test_moments_are_a_beat_apart_and_never_in_the_past(db: Database) -> None:
    with db.acting() as session:
        pace.room(session, "x", 4.0, 20.0)
        first, second = pace.take(session, "x", 4, 4.0), pace.take(session, "x", 2, 4.0)
    moments = [*first, *second]
    assert all(moment >= 0 for moment in moments)
    beats = [later - earlier for earlier, later in zip(first, first[1:], strict=False)]
    assert all(0.2 < beat <= 0.25 + 1e-6 for beat in beats)  # the first may begin at once
    assert second[0] > first[-1]


def test_workers_at_once_take_no_more_than_there_is(db: Database) -> None:
    taken: list[int] = []
    gate = threading.Barrier(6)

    def works() -> None:
        gate.wait()
        with db.acting() as session:
            free = pace.room(session, "x", 0.5, 20.0)
            pace.take(session, "x", min(free, 4), 0.5)
            taken.append(min(free, 4))

    threads = [threading.Thread(target=works) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 10  # half a call a second for twenty seconds


def test_paces_of_two_names_do_not_touch(db: Database) -> None:
    with db.acting() as session:
        pace.room(session, "x", 1.0, 20.0)
        pace.take(session, "x", 20, 1.0)
        assert pace.room(session, "y", 1.0, 20.0) == 20
