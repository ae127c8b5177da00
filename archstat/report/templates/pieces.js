"use strict";
// Where boxes and edges lie: each open box is laid out by itself, from the inside to the outside, and those that are
// alike only once. elkjs could take all of them at once, and does so badly: it takes 20 times as long for thousands of
// boxes, a chain of open boxes runs aslant, and all branches of a box part before it. So an edge comes into an open box,
// and leaves it, at a port on its rim, which all edges from one place share.
const archstatPieces = (() => {
  function laidOut(graph, layOut) {
    const around = new Map(), pieces = new Map(), known = new Map();
    (function enter(node) {
      pieces.set(node.id, { node, edges: new Map(), ins: new Map(), outs: new Map() });
      for (const child of node.children) {
        around.set(child.id, node.id);
        if (child.children) enter(child);
      }
    })(graph);
    for (const edge of graph.edges) cutAtRims(edge, around, pieces);
    const whole = laid(graph, graph.layoutOptions, pieces, known, layOut), edges = [];
    const children = placed(whole, 0, 0, edges);
    return { width: whole.width, height: whole.height, children, edges };
  }

  // -- edges, cut where they come into an open box or leave it ---------------------------------------------------------

  function cutAtRims(edge, around, pieces) {
    const up = groupsAround(edge.sources[0], around), down = groupsAround(edge.targets[0], around);
    while (up.length > 1 && down.length > 1 && up[up.length - 2] === down[down.length - 2]) { up.pop(); down.pop(); }
    let from = edge.sources[0];
    for (const group of up.slice(0, -1)) {
      const port = portOf(pieces.get(group).outs, from, "o");
      join(pieces.get(group), from, port, [], edge.mark);
      from = `${group} ${port}`;
    }
    let labels = edge.labels, within = down[down.length - 1];
    for (const group of down.slice(0, -1).reverse()) {
      const port = portOf(pieces.get(group).ins, from, "i");
      join(pieces.get(within), from, `${group} ${port}`, labels, edge.mark);
      [from, within, labels] = [port, group, []];
    }
    join(pieces.get(within), from, edge.targets[0], labels, edge.mark);
  }

  // The open boxes around a box, the network the last one.
  function groupsAround(id, around) {
    const found = [];
    for (let group = around.get(id); group !== undefined; group = around.get(group)) found.push(group);
    return found;
  }

  function portOf(ports, from, side) {
    if (!ports.has(from)) ports.set(from, `${side}${ports.size}`);
    return ports.get(from);
  }

  function join(piece, from, to, labels, mark) {
    const known = piece.edges.get(`${from}>${to}`);
    if (!known) { piece.edges.set(`${from}>${to}`, { from, to, labels: [...labels], mark }); return; }
    known.labels.push(...labels.filter(({ text }) => known.labels.every((each) => each.text !== text)));
    if (known.mark !== mark) known.mark = "=";
  }

  // -- open boxes, each by itself --------------------------------------------------------------------------------------

  function laid(node, options, pieces, known, layOut, isInChain = false) {
    const piece = pieces.get(node.id), isChain = node.children.filter(({ children }) => children).length > FEW;
    const inner = node.children.map((child) => child.children && laid(child, options, pieces, known, layOut, isChain));
    const graph = graphOf(piece, inner, options), key = JSON.stringify([graph, isInChain]);
    if (!known.has(key)) {
      const laidOut = layOut(graph), found = node.labels ? laidOut.children[0] : laidOut;
      known.set(key, isInChain ? straightened(found, piece, options["elk.direction"] === "DOWN") : found);
    }
    return { ...known.get(key), piece, inner };
  }

  // As many open boxes may stand behind each other, each a little to the side of the one before.
  const FEW = 3;

  // An open box that gives at one place gives where it takes: so a chain of such boxes runs straight, and not aslant.
  function straightened(found, { edges, ins, outs }, isDown) {
    const [x, y] = isDown ? ["x", "y"] : ["y", "x"], at = (id) => found.ports.find((port) => port.id === id);
    if (outs.size !== 1 || !ins.size) return found;
    const given = at("o0"), taken = at("i0");
    [...edges.values()].forEach(({ to }, place) => {
      if (to !== "o0" || Math.abs(given[x] - taken[x]) < 1) return;
      for (const section of found.edges[place].sections) {
        const { endPoint: end, bendPoints = [] } = section, turn = end[y] - RIM / 2;
        section.bendPoints = [...bendPoints, { [x]: end[x], [y]: turn }, { [x]: taken[x], [y]: turn }];
        section.endPoint = { ...end, [x]: taken[x] };
      }
    });
    given[x] = taken[x];
    return found;
  }

  // The room between the rim of an open box and what is in it, in which nothing stands.
  const RIM = 14;

  function graphOf({ node, edges, ins, outs }, inner, options) {
    const places = new Map(node.children.map((child, place) => [child.id, `n${place}`]));
    const local = (end) => {
      const [id, port = ""] = end.split(" ");
      return places.has(id) ? places.get(id) + port : id;
    };
    const found = {
      id: "piece",
      layoutOptions: options,
      children: node.children.map((child, place) => childOf(child, `n${place}`, inner[place])),
      edges: [...edges.values()].map(({ from, to, labels }, place) => ({
        id: `e${place}`, sources: [local(from)], targets: [local(to)],
        labels: labels.map(({ text, width, height }) => ({ text, width, height })),
      })),
    };
    if (!node.labels) return found;
    const port = (side) => (id) => ({ id, width: 0, height: 0, layoutOptions: { "elk.port.side": side } });
    const isDown = options["elk.direction"] === "DOWN";
    found.labels = node.labels.map((label) => ({ ...label }));
    found.ports = [
      ...[...ins.values()].map(port(isDown ? "NORTH" : "WEST")), ...[...outs.values()].map(port(isDown ? "SOUTH" : "EAST")),
    ];
    found.layoutOptions = {
      ...options, "elk.layered.wrapping.strategy": "OFF", ...node.layoutOptions, "elk.portConstraints": "FIXED_SIDE",
    };
    // A graph of elkjs has no ports, and a box in one has.
    return { id: "around", layoutOptions: { ...options, "elk.padding": "[top=0,left=0,bottom=0,right=0]" }, children: [found], edges: [] };
  }

  function childOf(child, id, inner) {
    if (!inner) return { id, width: child.width, height: child.height };
    return {
      id, width: inner.width, height: inner.height,
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
      ports: inner.ports.map((port) => ({ id: id + port.id, x: port.x, y: port.y, width: 0, height: 0 })),
    };
  }

  // -- all of them together --------------------------------------------------------------------------------------------

  function placed({ piece, inner, children, edges }, x, y, allEdges) {
    const cut = [...piece.edges.values()], moved = (point) => ({ ...point, x: point.x + x, y: point.y + y });
    edges.forEach((edge, place) => allEdges.push({
      // Where it goes on within an open box, or out of one, there is no arrow.
      mark: cut[place].mark,
      goesOn: cut[place].to.includes(" ") || !cut[place].to.startsWith("b"),
      labels: (edge.labels || []).map(moved),
      sections: (edge.sections || []).map(({ startPoint, bendPoints = [], endPoint }) => ({
        startPoint: moved(startPoint), bendPoints: bendPoints.map(moved), endPoint: moved(endPoint),
      })),
    }));
    return children.map((child, place) => {
      const { id } = piece.node.children[place], at = moved(child);
      const found = { id, x: at.x, y: at.y, width: child.width, height: child.height };
      return inner[place] ? { ...found, children: placed(inner[place], at.x, at.y, allEdges) } : found;
    });
  }

  return { laidOut };
})();
