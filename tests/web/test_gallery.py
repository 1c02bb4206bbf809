"""The gallery's lists, what changes in them, its thumbnails, and many pictures as one zip."""

import io
import json
import os
import sqlite3
import zipfile

import pytest

from nst.web.routes import gallery
from nst.web.store import Store
from tests.support import many_jobs, studio_worker
from tests.support.studio_server import Served, opened, until
from tests.support.studio_worker import Does

COUNT = 60


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A studio with many ended jobs, which no test changes; nothing is painted in it."""
    folder = tmp_path_factory.mktemp("full")
    ids = many_jobs.fill(folder, COUNT, size=(32, 24))
    served = Served(folder, command=studio_worker.command("never-ready"))
    served.ids = ids
    yield served
    served.close()


def listed(served, **query):
    answer = served.web.get("/api/gallery", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(served, **query):
    """The numbers of all jobs that a query finds, page after page."""
    found, cursor = [], None
    while True:
        page = listed(served, limit=7, **query, **({"after": cursor} if cursor else {}))
        found += [card["number"] for card in page["cards"]]
        cursor = page["cursor"]
        if not cursor:
            assert len(found) == page["total"] == len(set(found))
            return found


def wanted(fits):
    """The numbers of the jobs whose submission fits, newest first."""
    return [number + 1 for number in reversed(range(COUNT)) if fits(number, many_jobs.submission(number))]


def test_a_card_says_what_the_job_says(full):
    card = listed(full, limit=1)["cards"][0]
    job = full.job(full.ids[-1])
    assert card == {name: job[name] for name in card}
    assert {"content", "styles", "preset", "number", "state", "epoch", "epochs"} <= set(card)


def test_each_sort_has_every_job_once(full):
    newest = list(range(COUNT, 0, -1))
    assert numbers(full) == newest
    assert numbers(full, sort="oldest") == newest[::-1]
    assert numbers(full, sort="ended") == newest
    titles = [many_jobs.submission(number - 1).content for number in numbers(full, sort="content")]
    assert titles == sorted(titles, key=str.lower)
    assert sorted(numbers(full, sort="style")) == newest[::-1]


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("coff", lambda _, job: job.content == "Coffee"),
        ("coffee GLASS", lambda _, job: job.content == "Coffee" and "Glass" in job.styles),
        ("zürich", lambda _, job: job.content.startswith("Zürich")),
        ("ZÜRICH fast", lambda _, job: job.content.startswith("Zürich") and job.preset == "fast"),
        ("#12", lambda number, _: number == 11),
        ("60", lambda number, _: number == 59),
        ("%", lambda *_: False),
        ("#", lambda *_: False),
        ("x'); DROP TABLE jobs; --", lambda *_: False),
        ("99999999999999999999999", lambda *_: False),
    ],
)
def test_words_are_searched_in_titles_preset_and_number(full, words, fits):
    assert numbers(full, q=words) == wanted(fits)


def test_filters_hold_together(full):
    assert numbers(full, state="cancelled") == wanted(lambda number, _: number % 10 == 9)
    assert numbers(full, state=["cancelled", "finished"]) == wanted(lambda *_: True)
    assert numbers(full, style="Ink", preset="fast") == wanted(
        lambda _, job: "Ink" in job.styles and job.preset == "fast"
    )
    assert numbers(full, kind="video") == []
    found = listed(full, q="coffee")["choices"]
    assert sum(found["states"].values()) == sum(found["presets"].values()) == COUNT
    assert set(found["styles"]) == set(many_jobs.STYLES)


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "W10="}, {"after": "W1sxXSwgMV0="}, {"after": "é"}])
def test_a_cursor_that_no_page_gave_is_refused(full, query):
    answer = full.web.get("/api/gallery", params=query)
    assert answer.status_code == 400
    assert answer.json()["field"] == "after"


def test_a_wrong_query_is_refused(full):
    for query in ({"sort": "size"}, {"state": "lost"}, {"limit": 0}, {"q": "a" * 300}, {"style": ["a"] * 30}):
        assert full.web.get("/api/gallery", params=query).status_code == 422


def test_changes_tell_what_was_added_painted_and_deleted(shared):
    def changes(since):
        return shared.web.get("/api/gallery/changes", params={"since": since}).json()

    revision = listed(shared)["revision"]
    assert changes(revision) == {"cards": [], "gone": [], "reset": False, "revision": revision}
    job = shared.paint()
    told = changes(revision)
    assert [(card["id"], card["state"]) for card in told["cards"]] == [(job["id"], "finished")]
    shared.web.delete(f"/api/jobs/{job['id']}")
    assert changes(told["revision"])["gone"] == [job["id"]]
    for unknown in ("", "x.1", "0.999999999", f"{revision}9" * 3, "².²"):
        assert changes(unknown[:40])["reset"]


def test_the_places_of_those_that_wait_follow_the_queue(waiting):
    jobs = [waiting.submit()["id"] for _ in range(3)]
    page = listed(waiting)
    places = {card["id"]: card["place"] for card in page["cards"]}
    waiting.cancel(jobs[0])
    told = waiting.web.get("/api/gallery/changes", params={"since": page["revision"]}).json()["cards"]
    after = {card["id"]: card["place"] for card in told}
    assert after[jobs[0]] is None
    assert [after[id] for id in jobs[1:]] == [places[id] - 1 for id in jobs[1:]]


def test_a_page_is_never_older_than_what_was_answered_before(shared):
    for _ in range(3):
        id = shared.submit(Does.SLOWLY, epochs=100)["id"]
        assert listed(shared, limit=1)["cards"][0]["id"] == id
        shared.cancel(id)
        until(lambda id=id: listed(shared, limit=1)["cards"][0]["state"] == "cancelled", f"{id} cancelled")


def test_thumbnails_of_ended_jobs_are_kept_on_the_disk_and_by_the_browser(shared, painted):
    run = shared.studio.folder_of(painted["id"]).run
    address = f"/api/jobs/{painted['id']}/picture?size=320"
    first = shared.web.get(address)
    assert opened(first)[0] == "JPEG"
    assert first.headers["cache-control"] == "private, max-age=31536000"
    (kept,) = run.parent.glob("thumbnails/*-320.jpg")
    assert kept.read_bytes() == first.content
    (run / "generated_image.png").write_bytes(many_jobs.picture(1, "png", (40, 30)))
    os.utime(run / "generated_image.png", (2e9, 2e9))
    assert opened(shared.web.get(address)) == ("JPEG", (40, 30)), "it was painted anew since"
    shared.web.get(f"/api/jobs/{painted['id']}/picture?size=77")
    assert len(list(run.parent.glob("thumbnails/*"))) == 1, "not of any size that is asked for"


def zipped(served, **query):
    answer = served.web.get("/api/jobs/zip", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive, answer


def test_a_zip_has_pictures_under_readable_names_with_their_settings(full):
    chosen = [full.ids[4], full.ids[0]]
    archive, answer = zipped(full, ids=",".join(chosen))
    assert archive.namelist() == [
        "Zürich-am-See-Leaves-Ink-5.png", "Zürich-am-See-Leaves-Ink-5.json",
        "Chelsea-Strokes-Glass-1.png", "Chelsea-Strokes-Glass-1.json",
    ]  # fmt: skip
    assert "2-pictures.zip" in answer.headers["content-disposition"]
    run = full.studio.folder_of(chosen[0]).run
    assert archive.read("Zürich-am-See-Leaves-Ink-5.png") == (run / "generated_image.png").read_bytes()
    made = json.loads(archive.read("Zürich-am-See-Leaves-Ink-5.json"))
    assert (made["number"], made["content"], made["styles"]) == (5, "Zürich am See.jpg", ["Leaves", "Ink"])
    assert made["settings"] == full.job(chosen[0])["settings"]


def test_a_zip_of_a_search_has_what_it_finds(full):
    archive, _ = zipped(full, q="coffee", state="finished")
    expected = wanted(lambda number, job: job.content == "Coffee" and number % 10 != 9)
    found = [int(name.removesuffix(".png").rpartition("-")[2]) for name in archive.namelist() if name.endswith(".png")]
    assert found == expected


def test_a_zip_leaves_out_what_has_no_picture(waiting, full):
    queued = waiting.submit()["id"]
    for query in ({"ids": queued}, {"ids": "0" * 16}, {"q": "nothing has this name"}):
        answer = waiting.web.get("/api/jobs/zip", params=query)
        assert answer.status_code == 404
        assert answer.json()["message"].startswith("none of these has a picture yet")
    archive, _ = zipped(full, ids=f"{'0' * 16},{full.ids[3]}")
    assert len(archive.namelist()) == 2


def test_a_zip_has_limits(full, monkeypatch):
    monkeypatch.setattr(gallery, "MOST_ZIPPED", 3)
    assert full.web.get("/api/jobs/zip", params={"ids": ",".join(full.ids[:4])}).status_code == 413
    assert full.web.get("/api/jobs/zip").status_code == 413
    assert full.web.get("/api/jobs/zip", params={"ids": "../../etc/passwd"}).status_code == 422
    monkeypatch.setattr(gallery, "MOST_ZIPS", 0)
    assert full.web.get("/api/jobs/zip", params={"ids": full.ids[0]}).status_code == 503


def test_a_zip_that_is_cut_off_is_let_go(full):
    with full.web.stream("GET", "/api/jobs/zip") as answer:
        next(answer.iter_raw())
    until(lambda: full.app.state.zips == 0, "the end of the zip")


def test_a_store_of_the_first_format_is_converted_with_all_its_jobs(tmp_path):
    """The file is as version 1 of the store wrote it."""
    path = tmp_path / "studio.sqlite"
    base = sqlite3.connect(path)
    base.executescript("""
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
            created REAL NOT NULL, started REAL, ended REAL, starts INTEGER NOT NULL DEFAULT 0,
            cancelling INTEGER NOT NULL DEFAULT 0, painted TEXT NOT NULL DEFAULT '{}', wanted TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '', troubles TEXT NOT NULL DEFAULT '[]', bytes INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX jobs_by_state ON jobs (state, number);
        CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, kind TEXT NOT NULL,
            data TEXT NOT NULL);
        CREATE INDEX events_by_job ON events (job, id);
        PRAGMA user_version=1;
    """)
    for number in range(20):
        values = (
            f"{number:016x}",
            "finished" if number else "queued",
            1e9,
            json.dumps(many_jobs.submission(number).to_json()),
        )
        base.execute("INSERT INTO jobs (id, state, created, wanted) VALUES (?, ?, ?, ?)", values)
    base.execute("INSERT INTO events (job, kind, data) VALUES (?, 'epoch', '{}')", (f"{3:016x}",))
    base.commit()
    base.close()
    for _ in range(2):  # converted, and opened again
        kept = Store(path)
        jobs = kept.newest(100)
        assert [job.number for job in jobs] == list(range(20, 0, -1))
        for number, card in enumerate(kept.cards("ORDER BY number")):
            made = many_jobs.submission(number)
            assert (card.content, card.styles, card.preset) == (made.content, made.styles, made.preset)
            assert card.epochs == made.config.epochs
            assert kept.read(card.id).request == json.loads(json.dumps(made.to_json()))
        assert len(kept.events(f"{3:016x}", 0)) == 1
        assert kept.claim().number == 1
        kept.release(f"{0:016x}")
        kept.close()
