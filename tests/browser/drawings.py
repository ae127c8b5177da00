"""What can be seen of a diagram: boxes, edges and words that lie where they should not."""

_FAULTS = """
(svg) => {
  const found = [], all = (selector, within = svg) => [...within.querySelectorAll(selector)];
  const tell = (fault, ...what) => found.push([fault, ...what].join(" · "));
  const side = (each) => {
    const { left, top, right, bottom } = each.getBoundingClientRect();
    return { left, top, right, bottom, each };
  };
  const name = ({ each }) => each.textContent || each.closest("g")?.textContent || each.getAttribute("class");
  const shared = (a, b) => Math.min(
    Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const holds = (a, b, slack = 0.5) => b.left > a.left - slack && b.right < a.right + slack
    && b.top > a.top - slack && b.bottom < a.bottom + slack;
  const pairs = (many, visit) => {
    many.sort((a, b) => a.top - b.top);
    many.forEach((a, at) => {
      for (let next = at + 1; next < many.length && many[next].top < a.bottom; next++) visit(a, many[next]);
    });
  };
  const isIn = (at, { x, y }, least = 1) =>
    x > at.left + least && x < at.right - least && y > at.top + least && y < at.bottom - least;

  const boxes = all("rect.box, circle.box").map(side), groups = all("rect.group").map(side);
  const words = all("text").map(side), labels = all(".shapes text").map(side), picture = side(svg);
  pairs(boxes, (a, b) => shared(a, b) > 0.5 && tell("box on box", name(a), name(b)));
  pairs([...groups, ...boxes], (a, b) => {
    const isClosed = !groups.includes(a) && !groups.includes(b), isApart = shared(a, b) <= 0.5;
    if (!isClosed && !isApart && !holds(a, b) && !holds(b, a)) tell("box half in a box", name(a), name(b));
  });
  pairs([...labels, ...boxes], (a, b) => {
    const isLabel = labels.includes(a) || labels.includes(b);
    if (isLabel && shared(a, b) > 1) tell("shape on a box or a shape", name(a), name(b));
  });
  pairs(words, (a, b) => shared(a, b) > 3 && tell("words on words", name(a), name(b))); // lines of one box may touch

  for (const word of words) {
    const place = word.each.closest("[data-box], [data-of]")?.dataset;
    const frame = place && (place.of === undefined
      ? word.each.closest("[data-box]").querySelector(".box") : svg.querySelector(`[data-box="${place.of}"] .group`));
    if (frame && !holds(side(frame), word)) tell("words outside their box", name(word));
    if (!holds(picture, word)) tell("words outside the picture", name(word));
  }

  const told = all("[data-of] text, .shapes text").map(side);
  for (const path of all(".edges path")) {
    const whole = path.getTotalLength(), matrix = path.getScreenCTM(), points = [];
    for (let at = 0; at < whole; at += 4) points.push(path.getPointAtLength(at).matrixTransform(matrix));
    points.push(path.getPointAtLength(whole).matrixTransform(matrix));
    const ends = [points[0], points.at(-1)];
    const way = ends.map(({ x, y }) => `${Math.round(x)} ${Math.round(y)}`).join(" → ");
    const crossed = (frame) => points.slice(1, -1).some((point) => isIn(frame, point));
    for (const frame of boxes) if (crossed(frame)) tell("edge through a box", way, name(frame));
    for (const frame of told) if (crossed(frame)) tell("edge through words", way, name(frame));
    for (const frame of groups) { // an end lies on the rim of its box, and the arrow is a little longer than the line
      const isEnd = ends.some((end) => isIn(frame, end, 0));
      if (crossed(frame) && !isEnd) tell("edge through a box of others", way, name(frame));
    }
  }
  return [...new Set(found)];
}
"""
"""Measured as it is drawn, with the type that the browser has: an SVG → what is wrong with it, a line each."""


def faults(page, which=".drawing svg"):
    """What is wrong with the diagrams of a page; there must be some, with boxes."""
    drawings = page.locator(which).all()
    assert drawings
    assert all(drawing.locator("rect.box").count() for drawing in drawings)
    return [fault for drawing in drawings for fault in drawing.evaluate(_FAULTS)]
