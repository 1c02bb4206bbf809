"""Graphs that one picture leaves for the next change nothing but the time."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst import inputs, run
from nst.config import TransferConfig
from nst.engine import sessions, update_graph
from nst.engine.graph_cache import GraphCache
from nst.inputs import Callbacks
from tests.support import fake_vgg

CONFIG = TransferConfig(epochs=4, print_every=2, image_size=64, video="none", seed=3)


@pytest.fixture
def made(monkeypatch):
    """The sessions that are opened, with whether they were closed."""
    opened = []
    create = sessions.create

    def counted(*arguments, **options):
        session = create(*arguments, **options)
        opened.append(session)
        return session

    monkeypatch.setattr(sessions, "create", counted)
    return opened


def closed(session):
    return session._closed


def paint(pair, config, graphs=None, **options):
    return run.paint(inputs.prepare(*pair, config), None, fake_vgg.network(), config, graphs=graphs, **options)


@pytest.mark.parametrize("changes", [{}, {"optimizer": "lbfgs"}, {"scales": 2}, {"style_distance": "wasserstein"}])
def test_every_picture_is_what_it_is_by_itself(content, style, changes):
    config = CONFIG.changed(**changes)
    network = fake_vgg.network()
    pairs = [(content, style), (style, content), (content[:, ::-1], style), (content, style[:40])]
    with GraphCache() as graphs:
        for pair in pairs:
            for settings in (config, config.changed(epochs=3)):
                ours = run.paint(inputs.prepare(*pair, settings), None, network, settings, graphs=graphs)
                alone = run.stylize(*pair, None, network, settings)
                np.testing.assert_array_equal(ours.picture, alone.picture)
                assert [row[:5] for row in ours.rows] == [row[:5] for row in alone.rows]


def test_pictures_of_one_size_share_their_graphs(content, style, made):
    network = fake_vgg.network()
    with GraphCache() as graphs:
        run.paint(inputs.prepare(content, style, CONFIG), None, network, CONFIG, graphs=graphs)
        first = len(made)
        assert first == 3, "one each for measuring, the costs and the updates"
        run.paint(
            inputs.prepare(content[::-1], style, CONFIG.changed(epochs=2, learning_rate=5.0, seed=4)),
            None,
            network,
            CONFIG.changed(epochs=2, learning_rate=5.0, seed=4),
            graphs=graphs,
        )
        assert len(made) == first
        run.paint(inputs.prepare(content[:20], style, CONFIG), None, network, CONFIG, graphs=graphs)
        assert len(made) == first + 1, "of the updates, for another size"
        assert not any(closed(session) for session in made)
    assert all(closed(session) for session in made)


def test_other_settings_and_other_networks_have_graphs_of_their_own(content, style, made):
    with GraphCache() as graphs:
        network = fake_vgg.network()
        run.paint(inputs.prepare(content, style, CONFIG), None, network, CONFIG, graphs=graphs)
        run.paint(
            inputs.prepare(content, style, CONFIG.changed(alpha=99.0)),
            None,
            network,
            CONFIG.changed(alpha=99.0),
            graphs=graphs,
        )
        assert [closed(session) for session in made] == [True, True, False, False, False]
        run.paint(
            inputs.prepare(content, style, CONFIG.changed(alpha=99.0)),
            None,
            fake_vgg.network(seed=1),
            CONFIG.changed(alpha=99.0),
            graphs=graphs,
        )
        assert [closed(session) for session in made].count(False) == 3


def test_what_takes_much_memory_is_not_kept(content, style, made):
    with GraphCache(most=200_000) as graphs:
        paint((content, style), CONFIG, graphs)
        assert [closed(session) for session in made].count(False) == 3
    made.clear()
    with GraphCache(most=10_000) as graphs:
        paint((content, style), CONFIG, graphs)
        assert [closed(session) for session in made].count(False) == 2


def test_an_error_closes_all_and_the_next_picture_is_right(content, style, made):
    def fail(step):
        raise RuntimeError("a mistake of the caller's")

    with GraphCache() as graphs:
        with pytest.raises(RuntimeError):
            paint((content, style), CONFIG, graphs, callbacks=Callbacks(on_step=fail))
        assert all(closed(session) for session in made)
        ours = paint((content, style), CONFIG, graphs)
        np.testing.assert_array_equal(ours.picture, paint((content, style), CONFIG).picture)


def test_a_run_without_one_leaves_no_session(content, style, made):
    paint((content, style), CONFIG.changed(scales=2))
    assert made
    assert all(closed(session) for session in made)


def test_an_update_begins_anew_with_every_picture():
    config = TransferConfig(optimizer="lbfgs")
    with GraphCache() as graphs:
        graph, session = graphs.update((1, 4, 5, 3), config, np.zeros(3, np.float32))
        start = np.full((1, 4, 5, 3), 100, np.float32)
        slope = np.linspace(-1, 1, start.size, dtype=np.float32).reshape(start.shape)

        def steps():
            session.run(graph.initialize, {graph.start: start})
            feed = {graph.gradient: slope, graph.rate: 2.0}
            return [session.run(graph.picture, feed | {graph.cost: cost}) for cost in (3.0, 2.0, 1.5)]

        np.testing.assert_array_equal(steps(), steps())
        assert isinstance(graph, update_graph.Update)
        assert isinstance(graph.graph, tf.Graph)


@pytest.mark.parametrize(
    "changes",
    [
        {"alpha": 1.0}, {"beta": 1.0}, {"tv_weight": 1.0}, {"temporal_weight": 1.0}, {"pooling": "max"},
        {"padding": "replicate"}, {"precision": "auto"}, {"style_distance": "wasserstein"},
        {"content_layers": {"conv3_1": 1.0}}, {"style_layers": {"conv1_1": 1.0}},
    ],
)  # fmt: skip
def test_a_setting_of_the_graphs_has_graphs_of_its_own(changes):
    network, config = fake_vgg.network(), TransferConfig()
    with GraphCache() as graphs:
        probe = graphs.probe(network, config)
        assert graphs.probe(network, config.changed(epochs=3, image_size=80)) is probe
        assert graphs.probe(network, config.changed(**changes)) is not probe


def test_the_update_of_another_metric_is_another_graph():
    config, mean = TransferConfig(optimizer="lbfgs"), np.zeros(3, np.float32)
    with GraphCache() as graphs:
        pixels, _ = graphs.update((1, 8, 8, 3), config, mean)
        spectral, _ = graphs.update((1, 8, 8, 3), config.changed(metric="spectral"), mean)
        again, _ = graphs.update((1, 8, 8, 3), config, mean)
    assert spectral is not pixels
    assert again is pixels
