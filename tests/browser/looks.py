"""What can be seen on a page: charts that are there, labels that lie on each other or are cut off."""

_SELECTORS = (
    ".annotation-text",
    ".bartext",
    ".xtick text",
    ".ytick text",
    ".textpoint text",
    ".xtitle",
    ".ytitle",
)
_LABELS = """
(selectors) => [...document.querySelectorAll("figure .plot")].flatMap((plot) => {
  const name = plot.closest("figure").dataset.chart;
  const frame = plot.getBoundingClientRect();
  const isBeyond = (box) =>
    box.left < frame.left - 1 || box.right > frame.right + 1 ||
    box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  return [...plot.querySelectorAll(selectors)]
    .filter((each) => each.textContent.trim() && each.getBoundingClientRect().width > 0)
    .map((each) => {
      const box = each.getBoundingClientRect();
      const sides = [box.left, box.top, box.right, box.bottom];
      return { name, text: each.textContent, box: sides, isCut: isBeyond(box) };
    });
})
"""
_DRAWN = """
() => {
  const figures = [...document.querySelectorAll("figure")];
  const marks = (figure) => figure.querySelectorAll(".main-svg path, .main-svg rect.bar, .main-svg .slice").length;
  const missing = figures.filter((figure) => marks(figure) < 3).map((figure) => figure.dataset.chart);
  return { charts: figures.length, missing };
}
"""


def overflow(page):
    """How many pixels the page is wider than the window."""
    return max(page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0)


def drawn(page):
    """How many charts there are, and which have nothing drawn in them."""
    return page.evaluate(_DRAWN)


def _labels(page):
    return page.evaluate(_LABELS, ", ".join(_SELECTORS))


def cut_off(page):
    """The labels that reach beyond their chart."""
    return [(each["name"], each["text"]) for each in _labels(page) if each["isCut"]]


def covered(page, slack=1.5):
    """The pairs of labels of one chart that lie on each other by more than some pixels."""
    labels = _labels(page)
    return [
        (one["name"], one["text"], other["text"])
        for number, one in enumerate(labels)
        for other in labels[number + 1 :]
        if one["name"] == other["name"] and one["text"] != other["text"] and _overlap(one["box"], other["box"], slack)
    ]


def _overlap(one, other, slack):
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > slack and down > slack
