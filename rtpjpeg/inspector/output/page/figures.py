"""One stream of the page: its figures, who plays it, its plots and its pictures."""

from __future__ import annotations

from ....receiver.words import bitrate_text, share_text
from ...model import Picture, StreamReport, Verdict
from .. import words
from .markup import Html, join, tag, text
from .pictures import NotShownError, data_uri
from .plots import Plot, plots_of

PLAYS = {"yes": "plays", "damaged": "plays damaged", "no": "does not play"}
NOT_DRAWN = "No plots and pictures here: the page draws the streams with the most packets only."


def stream_section(stream: StreamReport, name: str, room: int) -> Html:
    """Return a stream's part of the page.

    ``room`` is how many bytes a picture may have; 0 for a stream that is only described. ``name`` is its own.
    """
    drawn = [_plot(plot) for plot in plots_of(stream, name)] if room else []
    shown = [_picture(picture, room) for picture in stream.pictures] if room else []
    parts: list[str] = [
        tag("h2", f"Stream {words.ssrc_text(stream.ssrc)}", id=name),
        tag("p", _way(stream), class_="faint"),
        _tiles(stream),
        _receivers(stream.receivers),
    ]
    parts += [tag("div", join(drawn), class_="grid")] if drawn else []
    parts += [tag("div", join(shown), class_="grid")] if shown else []
    parts += [] if room else [tag("p", NOT_DRAWN, class_="faint small")]
    return tag("section", join(parts))


def _way(stream: StreamReport) -> str:
    packets = f"packets {stream.first_packet} to {stream.last_packet} of the capture"
    way = f"{stream.source} to {stream.destination}"
    return f"{way}, {words.payload_type_text(stream.payload_type)}, {packets}"


def _tiles(stream: StreamReport) -> Html:
    tiles = [
        ("Picture", words.size_text(stream), words.fps_text(stream.fps)),
        ("Type", str(stream.type), _type(stream)),
        ("Quality", f"Q {stream.q}", words.q_name(stream.q)),
        ("Bit rate", bitrate_text(stream.bitrate), _amount(stream)),
        ("Lost packets", share_text(stream.lost / words.sent(stream)), _lost(stream)),
        ("Whole frames", words.complete_text(stream.frames_complete, stream.frames), _frames(stream)),
        ("Jitter", words.milliseconds_text(stream.jitter_ms), f"at most {words.most_jitter_text(stream)}"),
        ("Largest packet", f"{stream.largest_packet} bytes", _burst(stream)),
    ]
    return tag("dl", *[_tile(*tile) for tile in tiles], class_="figures")


def _tile(name: str, value: str, more: str) -> Html:
    return tag("div", tag("dt", name, class_="small"), tag("dd", value), tag("dd", more, class_="small"))


def _type(stream: StreamReport) -> str:
    every = f", every {stream.restart_interval} MCUs" if stream.restart_interval else ""
    return words.type_name(stream.type) + every


def _amount(stream: StreamReport) -> str:
    packets = f"{words.grouped(stream.packets)} packets"
    return f"{packets}, {words.amount_text(stream)}"


def _lost(stream: StreamReport) -> str:
    lost, reordered, duplicated = map(words.grouped, (stream.lost, stream.reordered, stream.duplicated))
    return f"{lost} lost, {reordered} reordered, {duplicated} duplicated"


def _frames(stream: StreamReport) -> str:
    return f"{words.grouped(stream.frames_complete)} of {words.grouped(stream.frames)}"


def _burst(stream: StreamReport) -> str:
    return f"longest burst {words.plural(stream.longest_burst, 'packet')}"


def _receivers(verdicts: list[Verdict]) -> Html:
    if not verdicts:
        return Html()
    return tag("ul", *[_receiver(verdict) for verdict in verdicts], class_="card receivers")


def _receiver(verdict: Verdict) -> Html:
    plays = verdict.plays if verdict.plays in PLAYS else ""
    return tag(
        "li",
        tag("strong", verdict.receiver),
        tag("span", PLAYS.get(verdict.plays, verdict.plays), class_=f"badge {plays}"),
        tag("span", verdict.why, class_="why faint"),
    )


def _plot(plot: Plot) -> Html:
    caption = tag("figcaption", tag("h3", plot.title), tag("p", plot.note))
    return tag("figure", caption, Html(plot.svg), class_="card")


def _picture(picture: Picture, room: int) -> Html:
    heading = f"{picture.label.capitalize()} frame, packet {picture.packet}"
    flaws = tag("ul", *[tag("li", flaw) for flaw in picture.flaws], class_="flaws") if picture.flaws else ""
    caption = tag("figcaption", tag("h3", heading), text(flaws))
    try:
        shown = Html(f'<img src="{data_uri(picture.jpeg, room)}" alt="{text(heading)}">')
    except NotShownError as error:
        shown = tag("p", str(error), class_="faint small")
    return tag("figure", caption, shown, class_="card")
