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
  const figures = [...document.querySelectorAll("figure:not(.diagram, .layer)")];
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


_OVERLAPS = """
(box) => {
  const range = document.createRange(), found = [], pieces = [];
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    range.selectNodeContents(node);
    const owner = node.parentElement.closest("td, th") ?? node.parentElement;
    for (const side of range.getClientRects()) if (side.width > 1) pieces.push([owner, node.data.trim(), side]);
  }
  pieces.sort((one, other) => one[2].top - other[2].top);
  pieces.forEach(([owner, text, a], place) => {
    for (const [another, words, b] of pieces.slice(place + 1)) {
      if (b.top > a.bottom - 3) break;
      if (owner !== another && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1) found.push([text, words]);
    }
  });
  return found;
}
"""
"""Lines of text share two pixels of their heights where they are set tightly."""


def overlapping(box):
    """The pairs of texts of an element that lie on each other, each of another cell or paragraph."""
    return box.evaluate(_OVERLAPS)


_CONTRASTS = """
(box) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    paint.fillStyle = "white";
    paint.fillRect(0, 0, 1, 1);
    for (const colour of colours) { paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); }
    const linear = [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const papers = (each) => each ? [...papers(each.parentElement), getComputedStyle(each).backgroundColor] : [];
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const isTold = (each) => each.checkVisibility() && [...each.childNodes].some(isText);
  return [...box.querySelectorAll("*")].filter(isTold).map((each) => {
    const under = papers(each), both = [painted(under), painted([...under, getComputedStyle(each).color])];
    return [(Math.max(...both) + 0.05) / (Math.min(...both) + 0.05), each.textContent.trim()];
  });
}
"""
"""By WCAG 2.2: relative luminances, of the colour of a text and of all that is painted under it."""


def faint(box, least=4.5):
    """The texts of an element that stand out too little from what is under them, with their contrast."""
    told = box.evaluate(_CONTRASTS)
    assert told, "there is no text"
    return [(round(ratio, 2), text) for ratio, text in told if ratio < least]
