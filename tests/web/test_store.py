"""The queue and the history of the studio in their file."""

import os
import sqlite3
import threading

import pytest

from nst.web import store
from nst.web.store import Store


@pytest.fixture
def kept(tmp_path):
    """An empty store."""
    found = Store(tmp_path / "studio.sqlite")
    yield found
    found.close()


def added(kept, count):
    return [kept.add({"request": number}, most=1000).id for number in range(count)]


def test_a_job_is_read_as_it_was_added(kept):
    job = kept.add({"request": "ä\0\n"}, most=1)
    assert kept.read(job.id) == job
    assert (job.state, job.request, job.progress, job.starts, job.cancelling) == (
        "queued",
        {"request": "ä\0\n"},
        {},
        0,
        False,
    )
    assert job.started is job.ended is None


def test_the_one_that_waited_longest_comes_first(kept):
    ids = added(kept, 3)
    assert [kept.claim().id for _ in ids] == ids
    assert kept.claim() is None


def test_positions_count_the_jobs_before(kept):
    ids = added(kept, 3)
    assert [kept.places().get(id) for id in ids] == [0, 1, 2]
    kept.claim()
    assert [kept.places().get(id) for id in ids] == [None, 0, 1]
    kept.cancel(ids[1])
    assert [kept.places().get(id) for id in ids] == [None, None, 0]


def test_a_full_queue_takes_no_more(kept):
    added(kept, 2)
    with pytest.raises(store.FullError):
        kept.add({}, most=2)
    assert kept.count("queued") == 2
    kept.claim()
    kept.add({}, most=2)


def test_what_is_painted_adds_up(kept):
    (id,) = added(kept, 1)
    kept.record(id, "epoch", {"epoch": 0}, epoch=0)
    kept.record(id, "start", {}, width=3)
    kept.record(id, "epoch", {"epoch": 1}, epoch=1)
    assert kept.read(id).progress == {"epoch": 1, "width": 3}
    assert [data for _, _, data in kept.events(id, 0)] == ['{"epoch": 0}', "{}", '{"epoch": 1}']


def test_events_come_after_a_number_and_in_parts(kept):
    first, second = added(kept, 2)
    for epoch in range(5):
        kept.record(first, "epoch", {"epoch": epoch})
        kept.record(second, "epoch", {"epoch": -epoch})
    events = kept.events(first, 0)
    assert len(events) == 5
    assert kept.events(first, events[1][0], limit=2) == events[2:4]
    assert kept.events(first, events[-1][0]) == []
    assert kept.events(first, (1 << 63) - 1) == []


def test_epochs_that_are_painted_again_are_forgotten(kept):
    id, other = added(kept, 2)
    for job in (id, other):
        for epoch, total in ((0, 9.0), (1, 8.0), (2, 7.0)):
            kept.record(job, "epoch", {"epoch": epoch, "total": total}, epoch=epoch)
    kept.rewind(id, 1)
    assert kept.read(id).progress["epoch"] == 0
    kept.record(id, "epoch", {"epoch": 1, "total": 6.0}, epoch=1)
    assert kept.costs(id) == [{"epoch": 0, "total": 9.0}, {"epoch": 1, "total": 6.0}]
    assert [data["total"] for data in kept.costs(other)] == [9.0, 8.0, 7.0]
    kept.rewind(id, 0)
    assert kept.costs(id) == []
    assert kept.read(id).progress["epoch"] is None


def test_troubles_are_kept_and_reported(kept):
    (id,) = added(kept, 1)
    kept.record(id, "trouble", {"message": "one"})
    kept.record(id, "trouble", {"message": "two"})
    assert kept.read(id).troubles == ["one", "two"]
    assert [kind for _, kind, _ in kept.events(id, 0)] == ["trouble", "trouble"]


def test_running_jobs_go_back_to_their_old_places(kept):
    ids = added(kept, 3)
    kept.claim()
    kept.claim()
    kept.requeue(3)
    assert [kept.places().get(id) for id in ids] == [0, 1, 2]
    assert kept.claim().starts == 2


def test_a_job_that_ended_the_server_three_times_fails(kept):
    (id,) = added(kept, 1)
    for _ in range(2):
        kept.claim()
        kept.requeue(3)
        assert kept.read(id).state == "queued"
    kept.claim()
    kept.requeue(3)
    job = kept.read(id)
    assert (job.state, job.reason) == ("failed", "the studio ended 3 times while painting this picture")


def test_a_released_start_does_not_count(kept):
    (id,) = added(kept, 1)
    for _ in range(10):
        assert kept.claim().starts == 1
        kept.release(id)
    assert kept.read(id).state == "queued"


def test_a_job_that_was_being_cancelled_is_cancelled_after_a_restart(kept):
    (id,) = added(kept, 1)
    kept.claim()
    assert kept.cancel(id).cancelling
    kept.requeue(3)
    job = kept.read(id)
    assert (job.state, job.cancelling, job.reason) == ("cancelled", False, "")


def test_cancelling_an_ended_job_changes_nothing(kept):
    (id,) = added(kept, 1)
    kept.claim()
    kept.set_size(id, 7)
    kept.end(id, "finished")
    before = kept.read(id)
    assert kept.cancel(id) == before
    assert kept.ended() == [before]
    assert before.size == 7


def test_an_id_that_no_job_has_is_a_key_error(kept):
    for ask in (kept.read, kept.cancel, kept.delete):
        with pytest.raises(KeyError):
            ask("0" * 16)


def test_a_running_job_is_not_deleted(kept):
    first, second = added(kept, 2)
    kept.claim()
    assert not kept.delete(first)
    assert not kept.read(first).cancelling
    assert kept.delete(second)
    kept.end(first, "failed")
    assert kept.delete(first)
    assert kept.ids() == set()


def test_a_deleted_job_leaves_no_events_and_its_number_is_not_used_again(kept):
    first = kept.add({}, most=9)
    kept.record(first.id, "epoch", {"epoch": 0})
    kept.delete(first.id)
    assert kept.events(first.id, 0) == []
    assert kept.add({}, most=9).number > first.number


def test_history_is_read_in_pages(kept):
    numbers = [kept.read(id).number for id in added(kept, 5)][::-1]
    assert [job.number for job in kept.newest(2)] == numbers[:2]
    assert [job.number for job in kept.newest(9, before=numbers[1])] == numbers[2:]


def test_a_mistake_within_a_transaction_takes_all_of_it_back(kept):
    (id,) = added(kept, 1)
    with pytest.raises(TypeError):
        kept.record(id, "epoch", {"epoch": 0}, costs=object())
    assert kept.events(id, 0) == []
    kept.record(id, "epoch", {"epoch": 1})
    assert len(kept.events(id, 0)) == 1


def test_versions_change_with_jobs(kept):
    first, second = added(kept, 2)
    seen = [kept.version(first)]
    kept.record(first, "epoch", {"epoch": 0})
    seen.append(kept.version(first))
    kept.cancel(second)  # which changes the places
    seen.append(kept.version(first))
    assert len(set(seen)) == 3
    assert kept.version(first) == seen[-1]


def test_only_the_latest_changes_are_remembered(kept, monkeypatch):
    monkeypatch.setattr(store, "_MOST_CHANGES", 2)
    deleted, first, second = added(kept, 3)
    seen, revision = kept.version(deleted), kept.revision
    kept.delete(deleted)
    assert kept.version(deleted) != seen
    assert kept.changes(revision) == ([deleted], True)
    for id in (first, second):
        kept.record(id, "epoch", {"epoch": 0})
    assert len(kept._changed) == 2
    assert kept.changes(revision) is None, "as it was too long ago"


def test_two_threads_lose_nothing_and_claim_nothing_twice(kept):
    ids = added(kept, 60)
    claimed = [[], []]
    start = threading.Barrier(2)

    def work(mine):
        start.wait()
        while job := kept.claim():
            mine.append(job.id)
            for epoch in range(3):
                kept.record(job.id, "epoch", {"epoch": epoch}, epoch=epoch)
            kept.end(job.id, "finished")

    threads = [threading.Thread(target=work, args=(mine,)) for mine in claimed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed[0] + claimed[1]) == sorted(ids)
    for id in ids:
        assert kept.read(id).state == "finished"
        assert [data for _, _, data in kept.events(id, 0)] == [f'{{"epoch": {epoch}}}' for epoch in range(3)]


def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path):
    kept = Store(tmp_path / "studio.sqlite")
    job = kept.add({}, most=1)
    kept.record(job.id, "epoch", {"epoch": 0}, epoch=0)
    kept.close()
    again = Store(tmp_path / "studio.sqlite")
    assert again.read(job.id).progress == {"epoch": 0}
    assert len(again.events(job.id, 0)) == 1
    again.close()


def test_another_process_that_was_killed_has_lost_nothing(tmp_path):
    """The write-ahead log of a store that was never closed is taken up."""
    kept = Store(tmp_path / "studio.sqlite")
    job = kept.add({}, most=1)
    for path in tmp_path.iterdir():  # as a kill leaves them
        (tmp_path / f"copy.{path.name.partition('.')[2]}").write_bytes(path.read_bytes())
    kept.close()
    again = Store(tmp_path / "copy.sqlite")
    assert again.read(job.id).state == "queued"
    again.close()


def test_a_file_of_another_version_is_refused(tmp_path):
    path = tmp_path / "studio.sqlite"
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(ValueError, match="another version of this program: choose another data folder"):
        Store(path)
    opened = (os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if os.path.islink(entry.path))
    assert str(path) not in opened, "it is closed again"


@pytest.mark.parametrize("data", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path, data):
    path = tmp_path / "studio.sqlite"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"cannot use .*studio\.sqlite: .*; choose another data folder"):
        Store(path)
    assert path.read_bytes() == data


def test_a_folder_that_does_not_exist_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="cannot use"):
        Store(tmp_path / "not there" / "studio.sqlite")
