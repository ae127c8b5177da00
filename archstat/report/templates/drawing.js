"use strict";
// A diagram of a network: which boxes are to be seen, how large they are, and the picture of them once they are laid
// out. Pages and files are drawn by the same functions; none of them needs a document.
const archstatDiagram = (() => {
  const TITLE = 13, BODY = 11.5, LINE = 15, PAD = 10, SIGN = 22;
  const NARROW = /[ijlftr.,:;'|!()[\]{}\-/\\ ·]/, WIDE = /[mwMW@%—…]/, LARGE = /[A-Z0-9_×→+=<>#&?]/;
  const FULL = /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f000}-\u{3ffff}]/u;

  // Wider than most types are: a picture is read with types that nobody knows beforehand.
  function widthOf(text, size) {
    let ems = 0;
    for (const letter of text) {
      ems += FULL.test(letter) ? 1.05 : NARROW.test(letter) ? 0.4 : WIDE.test(letter) ? 0.95
        : LARGE.test(letter) ? 0.69 : letter > "\u024f" ? 0.85 : 0.6;
    }
    return ems * size;
  }

  function escaped(text) {
    return String(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
  }

  function cut(text, most) {
    const letters = [...text];
    return letters.length <= most ? text : letters.slice(0, most - 1).join("") + "…";
  }

  // -- what is to be seen ----------------------------------------------------------------------------------------------

  function childrenOf(data) {
    const inside = data.boxes.map(() => []);
    const top = [];
    data.boxes.forEach((box, place) => (box.in < 0 ? top : inside[box.in]).push(place));
    return { inside, top };
  }

  // For each box the one that is seen in its place: itself, or the outermost closed one around it.
  function shownFor(data, open) {
    const shown = [];
    data.boxes.forEach((box, place) => {
      const around = box.in < 0 ? -1 : shown[box.in];
      shown.push(around < 0 || (around === box.in && open.has(around)) ? place : around);
    });
    return shown;
  }

  function edgesShown(data, shown) {
    const found = new Map();
    for (const [source, target, shape, mark] of data.edges) {
      const from = shown[source], to = shown[target];
      if (from === to) continue;
      const key = `${from} ${to}`;
      const known = found.get(key);
      if (!known) found.set(key, { from, to, shapes: [shape], mark });
      else {
        if (!known.shapes.includes(shape)) known.shapes.push(shape);
        if (known.mark !== mark) known.mark = "=";
      }
    }
    return [...found.values()];
  }

  // A shape is written where it is another one than before: at the edges of a box that takes something else. It stands
  // at all edges that part there, or at none: elkjs keeps the order of branches that are alike.
  function labelled(edges) {
    const taken = new Map();
    for (const edge of edges) taken.set(edge.to, [...(taken.get(edge.to) || []), ...edge.shapes]);
    for (const edge of edges) {
      const before = taken.get(edge.from);
      const isNews = !before || edge.shapes.some((shape) => !before.includes(shape));
      edge.label = isNews ? edge.shapes.slice(0, 2).join(", ") : "";
    }
    return edges;
  }

  // Of two networks in one: the colour of what came, went or changed, and the sign that says so without colours.
  const MARKED = {
    "+": { colour: "blue", sign: "+" }, "-": { colour: "orange", sign: "−" }, "~": { colour: "purple", sign: "~" },
  };

  // -- how large it is -------------------------------------------------------------------------------------------------

  function textsOf(box, show) {
    const number = box.values[show] ? box.texts[show] : "";
    const times = box.times > 1 && !number.includes("×") ? `× ${box.times}` : "";
    const lines = box.lines.map((line) => cut(line, 44));
    const sign = MARKED[box.mark]?.sign;
    return { title: (sign ? `${sign} ` : "") + cut(box.title, 36), lines, number, times };
  }

  function sizeOf(box, show, canOpen) {
    if (box.sign) return { width: SIGN, height: SIGN };
    const { title, lines, number, times } = textsOf(box, show);
    const head = widthOf(title, TITLE) + (times ? widthOf(times, TITLE) + 12 : 0) + (canOpen && box.hasParts ? 20 : 0);
    const widths = [head, ...lines.map((line) => widthOf(line, BODY)), widthOf(number, BODY)];
    const rows = (title ? 1 : 0) + lines.length + (number ? 1 : 0);
    return { width: Math.ceil(Math.max(...widths, 28) + 2 * PAD), height: Math.max(rows, 1) * LINE + 2 * PAD - 4 };
  }

  // The head of an open box: its name, and what all in it costs.
  function headOf(box, show, canOpen) {
    const { title, times, number: cost } = textsOf(box, show);
    const called = [title || box.lines[0] || "", times].filter(Boolean).join("  ");
    const [name, number] = called ? [called, cost] : [cost, ""];
    const width = Math.max(widthOf(name, TITLE) + (canOpen ? 18 : 0), widthOf(number, BODY)) + 2 * PAD;
    return { name, number, width, height: number ? 2 * LINE + 10 : LINE + 10 };
  }

  // How a long way is broken, the best first. Where elkjs leads an edge across boxes, which it does with some branches
  // that end in another column, the next one is taken; the last breaks nothing.
  const wraps = (ratio) => [1, 0.8, 1.4, 0.6, 2].map((each) => String(round(each * ratio))).concat([null]);

  function wrapped(ratio) {
    return {
      "elk.aspectRatio": ratio,
      "elk.layered.wrapping.strategy": "MULTI_EDGE",
      "elk.layered.wrapping.additionalEdgeSpacing": "14",
    };
  }

  // Crowded are the open boxes that must be wider, so that an edge can come in beside their names.
  function graphOf(data, state, crowded, wrap) {
    const open = new Set(state.open);
    const { inside, top } = childrenOf(data);
    const edges = labelled(edgesShown(data, shownFor(data, open)));
    const isDown = state.direction !== "right";
    const node = (place) => {
      const box = data.boxes[place];
      if (!open.has(place) || !inside[place].length) return { id: `b${place}`, ...sizeOf(box, state.show, state.canOpen) };
      const head = headOf(box, state.show, state.canOpen);
      return {
        id: `b${place}`,
        children: inside[place].map(node),
        // The head is a label, which makes the box as wide as it needs: elkjs keeps as much room on its other side.
        labels: [{ text: "", width: Math.ceil(crowded.has(place) ? head.width : head.width / 2), height: head.height }],
        layoutOptions: {
          "elk.padding": "[top=8,left=14,bottom=14,right=14]",
          "elk.nodeLabels.placement": "H_LEFT V_TOP INSIDE",
          "elk.nodeLabels.padding": "[top=0,left=0,bottom=0,right=0]",
          "elk.nodeSize.constraints": "NODE_LABELS",
        },
      };
    };
    return {
      id: "network",
      layoutOptions: {
        "elk.algorithm": "layered",
        "elk.direction": isDown ? "DOWN" : "RIGHT",
        "elk.edgeRouting": "ORTHOGONAL",
        "elk.randomSeed": "1",
        "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
        "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
        "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
        "elk.layered.spacing.nodeNodeBetweenLayers": "26",
        "elk.layered.spacing.edgeNodeBetweenLayers": "12",
        "elk.layered.spacing.edgeEdgeBetweenLayers": "10",
        "elk.spacing.nodeNode": "20",
        "elk.spacing.edgeNode": "14",
        "elk.spacing.edgeLabel": "3",
        "elk.padding": "[top=12,left=12,bottom=12,right=12]",
        ...(wrap ? wrapped(wrap) : {}),
      },
      children: top.map(node),
      edges: edges.map((edge, place) => ({
        id: `e${place}`,
        mark: edge.mark,
        sources: [`b${edge.from}`],
        targets: [`b${edge.to}`],
        labels: edge.label
          ? [{ text: edge.label, width: Math.ceil(widthOf(edge.label, BODY) + 8), height: LINE }]
          : [],
      })),
    };
  }

  // -- the picture -----------------------------------------------------------------------------------------------------

  const round = (number) => Math.round(number * 10) / 10;

  // What a text says of itself is what the picture, or the box around it, does not say of all its texts.
  function text(x, y, told, paint, { size = BODY, colour = "", weight = "", anchor = "middle", halo = false } = {}) {
    let about = size === BODY ? "" : ` font-size="${size}"`;
    if (anchor !== "middle") about += ` text-anchor="${anchor}"`;
    if (colour) about += ` fill="${paint(colour)}"`;
    if (weight) about += ` font-weight="${weight}"`;
    if (halo) about += ` stroke="${paint("paper")}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"`;
    return `<text x="${round(x)}" y="${round(y)}"${about}>${escaped(told)}</text>`;
  }

  // Thousands of edges make most of a large picture: each is told as shortly as SVG lets it be told.
  function pathOf(points) {
    let path = `M${pair(points[0].x, points[0].y)}`, pen = rounded(points[0]);
    const lineTo = (end) => { path += lineOf(pen, end); pen = end; };
    for (let at = 1; at < points.length; at++) {
      const here = points[at], before = points[at - 1], after = points[at + 1];
      if (!after) { lineTo(rounded(here)); break; }
      const reach = Math.min(6, distance(before, here) / 2, distance(here, after) / 2);
      lineTo(rounded(towards(here, before, reach)));
      const end = rounded(towards(here, after, reach));
      path += `q${pair(here.x - pen.x, here.y - pen.y)}${next(pair(end.x - pen.x, end.y - pen.y))}`;
      pen = end;
    }
    return path;
  }

  const rounded = ({ x, y }) => ({ x: round(x), y: round(y) });

  function lineOf(from, to) {
    if (from.x === to.x) return from.y === to.y ? "" : `V${to.y}`;
    return from.y === to.y ? `H${to.x}` : `L${pair(to.x, to.y)}`;
  }

  // Numbers of a path, between which a minus parts as well as a blank does.
  const next = (told) => (told.startsWith("-") ? told : ` ${told}`);
  const pair = (x, y) => `${round(x)}${next(String(round(y)))}`;

  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

  function towards(from, to, reach) {
    const whole = distance(from, to) || 1;
    return { x: from.x + ((to.x - from.x) * reach) / whole, y: from.y + ((to.y - from.y) * reach) / whole };
  }

  const dashes = (mark) => (mark === "-" ? ' stroke-dasharray="5 3"' : "");

  // The lines of all edges, the tips of those that end, and their shapes.
  function arrows(edges, paint) {
    const sortOf = ({ mark }) => (MARKED[mark] ? mark : "");
    const sorts = ["", ...Object.keys(MARKED)];
    const ways = sorts.flatMap((sort) => parts(edges.filter((edge) => sortOf(edge) === sort), (some) => waysOf(some, sort, paint)));
    const labels = edges.flatMap((edge) => edge.labels || []);
    return [...ways, ...parts(labels, (some) => shapesOf(some, paint))];
  }

  function shapesOf(labels, paint) {
    const told = labels.map((label) => text(label.x + label.width / 2, label.y + label.height - 4, label.text, paint));
    return `<g class="shapes" fill="${paint("muted")}">${told.join("")}</g>`;
  }

  function waysOf(edges, mark, paint) {
    let lines = "", tips = "";
    for (const { sections = [], goesOn } of edges) {
      for (const { startPoint, bendPoints = [], endPoint } of sections) {
        const points = [startPoint, ...bendPoints, endPoint];
        const back = goesOn ? endPoint : towards(endPoint, points[points.length - 2], 7);
        lines += `<path d="${pathOf([...points.slice(0, -1), back])}"/>`;
        if (!goesOn) tips += tipOf(endPoint, back);
      }
    }
    const colour = paint(MARKED[mark]?.colour || "edge"), width = MARKED[mark] ? 1.8 : 1.3;
    const heads = tips ? `<path d="${tips}" fill="${colour}"/>` : "";
    return `<g class="edges" fill="none" stroke="${colour}" stroke-width="${width}"${dashes(mark)}>${lines}</g>${heads}`;
  }

  // A page puts a large picture in part by part.
  const PART_MOST = 100;

  function parts(items, draw) {
    const found = [];
    for (let at = 0; at < items.length; at += PART_MOST) found.push(draw(items.slice(at, at + PART_MOST)));
    return found;
  }

  function tipOf(tip, back) {
    const dx = (tip.y - back.y) / 2, dy = (tip.x - back.x) / 2;
    return `M${pair(tip.x, tip.y)}l${pair(back.x + dx - tip.x, back.y - dy - tip.y)}${next(pair(-2 * dx, 2 * dy))}z`;
  }

  function step(data, box, show, most) {
    const value = box.values[show];
    return value && most ? Math.min(data.steps - 1, Math.floor((value / most) * (data.steps - 0.001))) : -1;
  }

  // How a box is filled and framed: by its cost or, of two networks in one, by what became of it.
  function dress(box, shade, paint) {
    const marked = MARKED[box.mark];
    if (!marked) return `fill="${paint(shade < 0 ? "raised" : `cost${shade}`)}" stroke="${paint("edge")}"`;
    const colour = paint(marked.colour);
    return `fill="${colour}" fill-opacity="0.16" stroke="${colour}" stroke-width="1.6"${dashes(box.mark)}`;
  }

  // What makes an element open or close a box; the name of its attribute tells which of both.
  function handle(name, place, box, state, isOpen) {
    const at = `data-${name}="${place}"`;
    if (!state.canOpen || !box.hasParts) return at;
    return `${at} tabindex="0" role="button" aria-expanded="${isOpen}"`;
  }

  function sign(shape, place, box, paint) {
    const x = shape.x + SIGN / 2, y = shape.y + SIGN / 2;
    return `<g data-box="${place}"><title>${escaped(box.about)}</title><circle class="box" cx="${round(x)}" cy="${round(y)}" r="${SIGN / 2 - 1}" ${MARKED[box.mark] ? dress(box, -1, paint) : `fill="${paint("paper")}" stroke="${paint("edge")}"`}/>${text(x, y + 5, box.sign, paint, { size: 15, weight: 600 })}</g>`;
  }

  function closed(shape, place, data, state, most, paint) {
    const box = data.boxes[place];
    if (box.sign) return sign(shape, place, box, paint);
    const shade = box.mark ? -1 : step(data, box, state.show, most);
    const { title, lines, number, times } = textsOf(box, state.show);
    const soft = shade < 0 ? "muted" : "", ink = shade < 0 ? "" : ` fill="${paint(`on${shade}`)}"`;
    const frame = `x="${round(shape.x)}" y="${round(shape.y)}" width="${round(shape.width)}" height="${round(shape.height)}" rx="${box.isOp ? 12 : 5}"`;
    const dressed = dress(box, shade, paint);
    let out = `<g ${handle("box", place, box, state, false)}${ink}><title>${escaped(box.about)}</title>`;
    if (box.times > 1) out += `<rect x="${round(shape.x + 4)}" y="${round(shape.y + 4)}" width="${round(shape.width)}" height="${round(shape.height)}" rx="5" ${dressed}/>`;
    if (box.times > 1 && MARKED[box.mark]) out += `<rect ${frame} fill="${paint("paper")}"/>`;
    out += `<rect class="box" ${frame} ${dressed}/>`;
    const x = shape.x + shape.width / 2;
    let y = shape.y + PAD + 9;
    if (title) {
      const told = times ? `${title}  ${times}` : title;
      out += text(x, y, told, paint, { size: TITLE, weight: 600 });
      y += LINE;
    }
    for (const line of lines) { out += text(x, y, line, paint, { colour: soft }); y += LINE; }
    if (number) out += text(x, y, number, paint, { weight: 600 });
    if (state.canOpen && box.hasParts) out += corner(shape, "+", paint);
    return `${out}</g>`;
  }

  function corner(shape, told, paint, colour = "") {
    return text(shape.x + shape.width - 8, shape.y + 13, told, paint, { size: 13, weight: 600, colour });
  }

  // The name of an open box stands where no edge comes in: as far to the left as there is room for it.
  function headPlace(shape, head, segments) {
    const low = shape.y + head.height, end = shape.x + shape.width;
    const inWay = segments.filter((way) => way.bottom > shape.y && way.top < low && way.right > shape.x && way.left < end);
    let x = shape.x;
    for (const { left, right } of inWay.sort((a, b) => a.left - b.left)) {
      if (left >= x + head.width - PAD + 3) break;
      x = Math.max(x, right + 3 - PAD);
    }
    return x + head.width <= end ? { x, isFree: true } : { x: shape.x, isFree: false };
  }

  function segmentsOf(edges) {
    return edges.flatMap((edge) => (edge.sections || []).flatMap((section) => {
      const points = [section.startPoint, ...(section.bendPoints || []), section.endPoint];
      return points.slice(1).map((b, at) => ({
        left: Math.min(points[at].x, b.x), right: Math.max(points[at].x, b.x),
        top: Math.min(points[at].y, b.y), bottom: Math.max(points[at].y, b.y),
      }));
    }));
  }

  function opened(shape, place, data, state, segments, paint) {
    const box = data.boxes[place], head = headOf(box, state.show, state.canOpen);
    const { x, isFree } = headPlace(shape, head, segments);
    const frame = `x="${round(shape.x)}" y="${round(shape.y)}" width="${round(shape.width)}" height="${round(shape.height)}" rx="8"`;
    let out = `<g data-box="${place}"><rect class="group" ${frame} fill="${paint("ink")}" fill-opacity="0.035" stroke="${paint(MARKED[box.mark]?.colour || "line")}"/></g>`;
    out += `<g ${handle("of", place, box, state, true)}><title>${escaped(box.about)}</title>`;
    out += `<rect x="${round(x)}" y="${round(shape.y)}" width="${round(head.width)}" height="${head.height}" fill="transparent"/>`;
    const style = { colour: "muted", anchor: "start", halo: !isFree };
    out += text(x + PAD, shape.y + 19, head.name, paint, { ...style, size: TITLE, weight: 600 });
    if (head.number) out += text(x + PAD, shape.y + 19 + LINE, head.number, paint, style);
    if (state.canOpen) out += corner({ x, y: shape.y + 6, width: head.width }, "−", paint, "muted");
    return `${out}</g>`;
  }

  function walk(node, visit) {
    for (const child of node.children || []) { visit(child); walk(child, visit); }
  }

  // The key below a picture: the scale of a cost, or what the marks mean; how wide it is, and how it is drawn.
  function scale(label, most, steps, paint) {
    const wide = 20, high = 10, begin = widthOf(label, BODY) + 14;
    const draw = (x, y) => {
      let out = text(x, y + 10, label, paint, { anchor: "start", colour: "muted" });
      out += text(x + begin, y + 10, "0", paint, { anchor: "start", colour: "muted" });
      const at = x + begin + 12;
      for (let place = 0; place < steps; place++) {
        out += `<rect x="${round(at + place * wide)}" y="${round(y + 1)}" width="${wide}" height="${high}" fill="${paint(`cost${place}`)}"/>`;
      }
      return out + text(at + steps * wide + 6, y + 10, most, paint, { anchor: "start", colour: "muted" });
    };
    return { width: begin + steps * wide + 116, draw };
  }

  function legend(marks, paint) {
    const wide = 16, entries = Object.entries(marks);
    const widths = entries.map(([, told]) => wide + 6 + widthOf(told, BODY) + 14);
    const draw = (x, y) => entries.map(([mark, told], place) => {
      const at = x + widths.slice(0, place).reduce((sum, each) => sum + each, 0);
      const swatch = `<rect x="${round(at)}" y="${round(y)}" width="${wide}" height="12" rx="3" ${dress({ mark }, -1, paint)}/>`;
      return swatch + text(at + wide + 6, y + 10, told, paint, { anchor: "start", colour: "muted" });
    }).join("");
    return { width: widths.reduce((sum, each) => sum + each, 14), draw };
  }

  function keyOf(data, show, seen, paint) {
    if (Object.keys(data.marks).length) return legend(data.marks, paint);
    const largest = largestOf(data, show, seen);
    return largest ? scale(data.shows[show].label, largest.texts[show], data.steps, paint) : null;
  }

  // The box that has most of what is shown; none if no box has any of it.
  function largestOf(data, show, places) {
    const boxes = places.map((place) => data.boxes[place]).filter((box) => box.values[show]);
    return boxes.reduce((best, box) => (best && best.values[show] >= box.values[show] ? best : box), null);
  }

  // -- both together ---------------------------------------------------------------------------------------------------

  // The picture of what is to be seen; `layOut` is elkjs, and colours are what `paint` makes of their names.
  function drawn(data, state, title, paint, layOut) {
    for (const wrap of state.isWrapped ? wraps(state.ratio) : [null]) {
      const laid = withRoom(data, state, wrap, layOut);
      if (!wrap || isClear(laid)) return picture(data, state, laid, paint, title);
    }
  }

  // Laid out so that the names of open boxes have room.
  function withRoom(data, state, wrap, layOut) {
    const crowded = new Set();
    for (let turn = 0; ; turn++) {
      const laid = archstatPieces.laidOut(graphOf(data, state, crowded, wrap), layOut);
      const found = turn < TURNS_MOST ? crowdedIn(data, state, laid).filter((place) => !crowded.has(place)) : [];
      if (!found.length) return laid;
      found.forEach((place) => crowded.add(place));
    }
  }

  // Whether every edge is made of level and upright lines, none of which goes through a closed box.
  function isClear(laid) {
    const closed = [];
    walk(laid, (node) => { if (!isOpen(node)) closed.push(node); });
    return segmentsOf(laid.edges || []).every((way) => (way.right - way.left < 1 || way.bottom - way.top < 1)
      && closed.every((box) => way.right < box.x + 1 || way.left > box.x + box.width - 1
        || way.bottom < box.y + 1 || way.top > box.y + box.height - 1));
  }

  const TURNS_MOST = 3;

  function crowdedIn(data, state, laid) {
    const segments = segmentsOf(laid.edges || []), found = [];
    walk(laid, (node) => {
      const place = placeOf(node);
      if (isOpen(node) && !headPlace(node, headOf(data.boxes[place], state.show, state.canOpen), segments).isFree) found.push(place);
    });
    return found;
  }

  const isOpen = (node) => Boolean(node.children && node.children.length);
  const placeOf = (node) => Number(node.id.slice(1));

  // So tall a picture cannot be read on one sheet of paper.
  const LONG = 1700;

  // The place of a picture on a page, which prints a long one on several sheets and has to know how many.
  const stand = (width, height) => `<div class="${height > LONG ? "long" : "short"}" style="--wide:${width};--tall:${height}">`;

  // The beginning of an SVG, what is drawn in it part by part, and its end.
  function picture(data, state, laid, paint, title) {
    const shapes = [];
    walk(laid, (node) => shapes.push([placeOf(node), node]));
    const seen = shapes.filter(([, node]) => !isOpen(node)).map(([place]) => place);
    const most = largestOf(data, state.show, seen)?.values[state.show] || 0;
    const key = keyOf(data, state.show, seen, paint);
    const width = Math.ceil(Math.max(laid.width, key?.width || 0)), height = Math.ceil(laid.height) + (key ? 26 : 0);
    const shift = Math.max(0, (width - laid.width) / 2);
    const segments = segmentsOf(laid.edges || []);
    const open = (some) => some.map(([place, node]) => opened(node, place, data, state, segments, paint)).join("");
    const shut = (some) => some.map(([place, node]) => closed(node, place, data, state, most, paint)).join("");
    const inner = [
      ...parts(shapes.filter(([, node]) => isOpen(node)), open),
      ...arrows(laid.edges || [], paint),
      ...parts(shapes.filter(([, node]) => !isOpen(node)), shut),
    ];
    const body = shift ? `<g transform="translate(${round(shift)} 0)">` : "<g>";
    const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${escaped(data.font)}" font-size="${BODY}" text-anchor="middle" fill="${paint("ink")}" role="${state.canOpen ? "group" : "img"}" aria-label="${escaped(title)}"><title>${escaped(title)}</title>${state.canOpen ? "" : `<rect width="${width}" height="${height}" fill="${paint("paper")}"/>`}${body}`;
    const end = `</g>${key ? key.draw(14, height - 22) : ""}</svg>`;
    return state.canOpen ? [stand(width, height) + head, ...inner, `${end}</div>`] : [head, ...inner, end];
  }

  return { drawn };
})();
