
// -- what one layer costs, by the sums that 'archstat explain' writes; tests hold each word and number to it

const archstatLayer = (() => {
  const MOST = 100_000;
  const exact = (number) => number.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const times = (...sizes) => sizes.reduce((product, size) => product * BigInt(size), 1n); // exact, however large
  const dots = (...sizes) => sizes.join("·");

  // -- what cannot be: a field, and a sentence

  const NAMES = {
    channels: [{{ say("The number of channels") | tojson }}, 1], features: [{{ say("The number of features") | tojson }}, 1],
    height: [{{ say("The height") | tojson }}, 1], width: [{{ say("The width") | tojson }}, 1],
    out: [{{ say("The number of outputs") | tojson }}, 1], kernel: [{{ say("The kernel") | tojson }}, 1],
    stride: [{{ say("The stride") | tojson }}, 1], padding: [{{ say("The padding") | tojson }}, 0],
    dilation: [{{ say("The dilation") | tojson }}, 1], groups: [{{ say("The number of groups") | tojson }}, 1],
    extra: [{{ say("The output padding") | tojson }}, 0],
  };
  const FIELDS = {
    conv: "channels height width out kernel stride padding dilation groups", depthwise: "channels height width kernel stride padding dilation",
    transposed: "channels height width out kernel stride padding dilation groups extra", linear: "features out",
    maxpool: "channels height width kernel stride padding dilation", avgpool: "channels height width kernel stride padding",
  };
  const fieldsOf = (kind) => FIELDS[kind].split(" ");

  function wrongNumber(name, value) {
    const [told, least] = NAMES[name];
    if (!Number.isInteger(value)) return {{ literal("{what} is no whole number: write one from {least} on.", what="told", least="least") }};
    if (value < least) return {{ literal("{what} is {value}, and must be {least} at least.", what="told", value="value", least="least") }};
    return value > MOST ? {{ literal("{what} is {value}, which is more than this page works with ({most}).", what="told", value="exact(value)", most="exact(MOST)") }} : "";
  }

  function divisors(number) { // some of them, to choose from
    const found = [];
    for (let each = 1; each <= number && found.length < 8; each++) if (number % each === 0) found.push(each);
    return found.join(", ");
  }

  function wrongGroups({ channels, out, groups }) {
    if (channels % groups) return {{ literal("{count} input channels cannot be cut into {groups} equal groups: choose a divisor of both (of {count}: {divisors} …).", count="exact(channels)", groups="groups", divisors="divisors(channels)") }};
    if (out % groups) return {{ literal("{count} output channels cannot be cut into {groups} equal groups: choose a divisor of both (of {count}: {divisors} …).", count="exact(out)", groups="groups", divisors="divisors(out)") }};
    return null;
  }

  function wrongWindow(setting) {
    const { kind, height, width, kernel, stride, padding, dilation, extra } = setting;
    const reach = dilation * (kernel - 1) + 1;
    if (kind === "transposed") {
      if (extra >= Math.max(stride, dilation)) return ["extra", {{ literal("An output padding of {padding} must be smaller than the stride or the dilation ({most}).", padding="extra", most="Math.max(stride, dilation)") }}];
      const least = Math.min(height, width);
      const result = (least - 1) * stride - 2 * padding + reach + extra;
      return result < 1 ? ["padding", {{ literal("The padding of {padding} cuts off more than there is: the output would be {size} wide. Choose a smaller one.", padding="padding", size="result") }}] : null;
    }
    const most = Math.floor(kernel / 2);
    if (kind.endsWith("pool") && padding > most) return ["padding", {{ literal("A pool may be padded by half its kernel at most, and {padding} is more than {most}.", padding="padding", most="most") }}];
    if (moved(Math.min(height, width), setting).result > 0) return null;
    return ["kernel", {{ literal("{reach}, and {room}: take a smaller kernel, a larger input or more padding.", reach="reachTold(setting, reach)", room="roomTold(setting)") }}];
  }

  function reachTold({ kernel, dilation }, reach) {
    if (dilation > 1) return {{ literal("The kernel of {kernel}, {dilation} apart, reaches over {count} pixels", kernel="kernel", dilation="dilation", count="exact(reach)") }};
    return {{ literal("The kernel of {kernel} reaches over {count} pixels", kernel="kernel", count="exact(reach)") }};
  }

  function roomTold({ height, width, padding }) {
    const room = exact(Math.min(height, width) + 2 * padding);
    if (height < width) return padding ? {{ literal("the height has {count} with the padding", count="room") }} : {{ literal("the height has {count}", count="room") }};
    return padding ? {{ literal("the width has {count} with the padding", count="room") }} : {{ literal("the width has {count}", count="room") }};
  }

  function wrong(setting) {
    for (const name of fieldsOf(setting.kind)) {
      const text = wrongNumber(name, setting[name]);
      if (text) return { field: name, text };
    }
    if (setting.kind === "linear") return null;
    const groups = wrongGroups(setting);
    if (groups) return { field: "groups", text: groups };
    const found = wrongWindow(setting);
    return found && { field: found[0], text: found[1] };
  }

  // -- the size of the output along one axis

  const AXES = ["row", "column"];
  const ONE = { "row,column": {{ say("row and column") | tojson }}, row: {{ say("row") | tojson }}, column: {{ say("column") | tojson }} };
  const ALL = { "row,column": {{ say("rows and columns") | tojson }}, row: {{ say("rows") | tojson }}, column: {{ say("columns") | tojson }} };
  const SINGLE = { "row,column": {{ say("1 row and column") | tojson }}, row: {{ say("1 row") | tojson }}, column: {{ say("1 column") | tojson }} };
  const SEVERAL = {
    "row,column": (number) => {{ literal("{count} rows and columns", count="number") }},
    row: (number) => {{ literal("{count} rows", count="number") }},
    column: (number) => {{ literal("{count} columns", count="number") }},
  };
  const counted = (number, things) => (number === 1 ? SINGLE[things.join()] : SEVERAL[things.join()](number));
  const last = (number, things) => (number === 1 ? ONE[things.join()] : counted(number, things));
  const isOne = (number, things) => number === 1 && things.length === 1;

  function decimal(numerator, denominator) { // two decimals, a tie to the even one, no zeros at the end
    let hundredths = Math.floor((100 * numerator) / denominator);
    const rest = 2 * (100 * numerator - hundredths * denominator);
    if (rest > denominator || (rest === denominator && hundredths % 2)) hundredths++;
    return (hundredths / 100).toFixed(2).replace(/\.?0+$/, "");
  }

  function moved(size, setting) { // a window that moves along an axis
    const { kernel, stride, padding, dilation, ceil, kind } = setting;
    const isPool = kind.endsWith("pool");
    const reach = dilation * (kernel - 1) + 1;
    const room = size + 2 * padding - reach;
    const rest = ((room % stride) + stride) % stride; // of a window that is larger than the map, too
    const isUp = isPool && ceil;
    let result = Math.floor(room / stride) + 1;
    if (isUp && rest && result * stride < size + padding) result++; // no window may begin beyond the edge
    const over = (result - 1) * stride - room;
    const taken = dilation === 1 ? kernel : `(${dilation}·(${kernel} − 1) + 1)`;
    const sum = `(${size} − ${taken}${padding || !isPool ? ` + 2·${padding}` : ""})/${stride}`;
    const formula = rest === 0 ? `${sum} + 1` : over > 0 ? `⌈${sum}⌉ + 1` : `⌊${sum}⌋ + 1`;

    function cure() {
      for (let more = padding + 1; more <= Math.floor(reach / 2); more++) {
        if ((size + 2 * more - reach) % stride === 0) return {{ literal("a padding of {padding} would make it fit", padding="more") }};
      }
      const sizes = [size - rest, size - rest + stride].filter((each) => each > 0);
      return sizes.length > 1 ? {{ literal("an input of {first} or {second} would fit", first="sizes[0]", second="sizes[1]") }} : {{ literal("an input of {size} would fit", size="sizes[0]") }};
    }

    function remark(things) {
      if (stride > reach) return {{ literal("{first} of {second} {things} lie between the windows", first="stride - reach", second="stride", things="ALL[things.join()]") }};
      if (!rest) return "";
      if (over > 0) return {{ literal("rounded up: the last window reaches {things} over the edge", things="counted(over, things)") }};
      if (isUp) return {{ say("not rounded up: one more window would begin beyond the edge") | tojson }};
      const value = decimal(room + stride, stride);
      const lost = rest - padding;
      return lost > 0 ? `${notSeen(value, lost, things)}; ${cure()}` : notUsed(value, rest, things);
    }

    function notUsed(value, rest, things) {
      if (isOne(rest, things)) return {{ literal("{value} rounded down: the last {thing} of the padding is not used", value="value", thing="last(rest, things)") }};
      return {{ literal("{value} rounded down: the last {things} of the padding are not used", value="value", things="last(rest, things)") }};
    }

    function notSeen(value, lost, things) {
      if (isOne(lost, things)) return {{ literal("{sum} = {value} does not fit: the last {thing} is not seen", sum="`${sum} + 1`", value="value", thing="last(lost, things)") }};
      return {{ literal("{sum} = {value} does not fit: the last {things} are not seen", sum="`${sum} + 1`", value="value", things="last(lost, things)") }};
    }

    return { result, formula, remark };
  }

  function spread(size, { kernel, stride, padding, dilation, extra }) { // a transposed convolution along an axis
    const result = (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1;
    const formula = `(${size} − 1)·${stride} − 2·${padding} + ${dilation > 1 ? `${dilation}·` : ""}(${kernel} − 1)${extra ? ` + ${extra}` : ""} + 1`;
    return { result, formula, remark: () => "" };
  }

  function sizeSteps({ height, width }, [down, across], shape) {
    const step = (quantity, axis, things) => {
      const remark = axis.remark(things);
      return { quantity, formula: axis.formula, result: exact(axis.result), remark: remark ? `${shape}; ${remark}` : shape };
    };
    if (height === width) return [step("output size", down, AXES)];
    return [step("output height", down, AXES.slice(0, 1)), step("output width", across, AXES.slice(1))];
  }

  // -- the other sums

  const part = (maps, groups) => (groups === 1 || groups === maps ? maps / groups : `(${maps}/${groups})`);

  function weights(seen, count, out, bias) {
    return { quantity: "parameters", formula: bias ? `(${seen} + 1)·${out}` : `${seen}·${out}`, result: exact((count + BigInt(bias)) * BigInt(out)), remark: "" };
  }

  function flopsOf(macs, other, remark) {
    const terms = [macs ? `2·${exact(macs)}` : "", other ? exact(other) : ""].filter(Boolean);
    return { quantity: "FLOPs", formula: macs ? terms.join(" + ") : "", result: exact(2n * macs + other), remark };
  }

  function made(formula, count) {
    return { quantity: "activations", formula, result: exact(count), remark: `× 4 B = ${exact(count * 4n)} B` };
  }

  function field({ kind, kernel, stride, padding, dilation }) {
    const reach = dilation * (kernel - 1) + 1;
    const told = (size, step, pad) => [`${size}×${size}`, {{ literal("stride {stride}", stride="step") }}, pad > 0 ? {{ literal("padding {padding}", padding="pad") }} : ""].filter(Boolean).join(", ");
    if (kind !== "transposed") {
      return { quantity: "receptive field", formula: `1 + (${kernel} − 1)·${dilation > 1 ? `${dilation}·` : ""}1`, result: exact(reach), remark: told(reach, stride, padding) };
    }
    let size = 0;
    for (let phase = 0; phase < stride; phase++) { // the outputs between two inputs may see more and fewer of them
      const first = Math.ceil((phase + padding - reach + 1) / stride);
      size = Math.max(size, Math.floor((phase + padding) / stride) - first + 1);
    }
    const pad = Math.floor((reach - 1 - padding) / stride);
    return { quantity: "receptive field", formula: "", result: exact(size), remark: told(size, stride > 1 ? `1/${stride}` : "1", pad) };
  }

  function windowTold({ kind, kernel, stride, dilation }) {
    const window = `${kernel}×${kernel}${stride > 1 ? `/${stride}` : ""}`;
    return dilation > 1 && !kind.endsWith("pool") ? {{ literal("{op} dilated {size}", op="window", size="dilation") }} : window;
  }

  // -- layers

  function linear({ features, out, bias }) {
    const macs = times(features, out);
    const other = bias ? BigInt(out) : 0n;
    const steps = [
      weights(`${features}`, BigInt(features), out, bias),
      { quantity: "MACs", formula: `${out} · ${features}`, result: exact(macs), remark: "" },
      flopsOf(macs, other, other ? {{ say("a bias is one addition for each output") | tojson }} : ""),
      made(`${out}`, BigInt(out)),
    ];
    return { kind: `Linear ${features}→${out}`, output: [out], steps, call: [features, out, bias ? "" : "bias=False"] };
  }

  function convolution(setting) {
    const { channels, out, height, width, kernel, groups, bias, kind } = setting;
    const isTransposed = kind === "transposed";
    const [down, across] = [height, width].map((size) => (isTransposed ? spread : moved)(size, setting));
    const output = [out, down.result, across.result];
    const seen = dots(kernel, kernel, part(channels, groups));
    const own = isTransposed ? dots(height, width, channels) : dots(down.result, across.result, out);
    const each = isTransposed ? dots(kernel, kernel, part(out, groups)) : seen;
    const macs = times(...(isTransposed ? [height, width, channels] : output), kernel, kernel, (isTransposed ? out : channels) / groups);
    const outputs = times(...output);
    const steps = [
      ...sizeSteps(setting, [down, across], output.join("×")),
      weights(seen, times(kernel, kernel, channels / groups), out, bias),
      { quantity: "MACs", formula: `${own} · ${each}`, result: exact(macs), remark: "" },
      flopsOf(macs, bias ? outputs : 0n, bias ? {{ say("a bias is one addition for each output") | tojson }} : ""),
      made(dots(down.result, across.result, out), outputs),
      field(setting),
    ];
    const name = isTransposed ? "ConvTranspose2d" : "Conv2d";
    const cut = groups > 1 ? {{ literal("{count} groups", count="groups") }} : "";
    const told = [`${name} ${channels}→${out} ${windowTold(setting)}`, cut].filter(Boolean).join(", ");
    const more = [["stride", 1], ["padding", 0], ["output_padding", 0, "extra"], ["groups", 1], ["dilation", 1]];
    return { kind: told, output, steps, call: [channels, out, kernel, ...named(setting, more), bias ? "" : "bias=False"], name };
  }

  function pool(setting) {
    const { channels, height, width, kernel, kind, stride } = setting;
    const [down, across] = [height, width].map((size) => moved(size, setting));
    const output = [channels, down.result, across.result];
    const outputs = times(...output);
    const isMax = kind === "maxpool";
    const count = dots(down.result, across.result, channels);
    const each = isMax ? `(${kernel}·${kernel} − 1)` : `${kernel}·${kernel}`;
    const flops = outputs * (times(kernel, kernel) - (isMax ? 1n : 0n));
    const steps = [
      ...sizeSteps(setting, [down, across], output.join("×")),
      { quantity: "FLOPs", formula: `${count} · ${each}`, result: exact(flops), remark: isMax ? {{ say("comparisons") | tojson }} : {{ say("additions, and a division for each output") | tojson }} },
      made(count, outputs),
      field(setting),
    ];
    const name = isMax ? "MaxPool2d" : "AvgPool2d";
    const more = [["stride", kernel], ["padding", 0], ["dilation", 1]];
    return { kind: `${name} ${kernel}×${kernel}${stride > 1 ? `/${stride}` : ""}`, output, steps, call: [kernel, ...named(setting, more), setting.ceil ? "ceil_mode=True" : ""], name };
  }

  function named(setting, more) { // the arguments that are not what torch would take
    return more.filter(([key, usual, name]) => setting[name ?? key] !== usual).map(([key, , name]) => `${key}=${setting[name ?? key]}`);
  }

  /** What a layer costs, or what is wrong with it: {error} or {kind, output, steps, torch, input}. */
  function explain(given) {
    const setting = { dilation: 1, groups: 1, padding: 0, stride: 1, extra: 0, bias: false, ceil: false, ...given };
    if (setting.kind === "depthwise") Object.assign(setting, { groups: setting.channels, out: setting.channels });
    if (setting.kind.endsWith("pool")) Object.assign(setting, { groups: 1, out: setting.channels });
    if (setting.kind === "avgpool") setting.dilation = 1;
    if (setting.kind !== "transposed") setting.extra = 0;
    const error = wrong(setting);
    if (error) return { error };
    const found = setting.kind === "linear" ? linear(setting) : setting.kind.endsWith("pool") ? pool(setting) : convolution(setting);
    const shape = setting.kind === "linear" ? [setting.features] : [setting.channels, setting.height, setting.width];
    const torch = `torch.nn:${found.name ?? "Linear"}(${found.call.filter((each) => each !== "").join(", ")})`;
    return { kind: found.kind, output: found.output, shape, steps: found.steps, torch, setting };
  }

  return { explain, fieldsOf, exact };
})();

// -- the picture: what goes in, the window on it, and what comes out

const archstatPicture = (() => {
  const HEIGHT = 250;
  const SLOPE = 0.5; // how far the maps behind each other rise, for each pixel to the right
  const tag = (name, attributes, text = "") => `<${name} ${Object.entries(attributes).map(([key, value]) => `${key}="${typeof value === "number" ? +value.toFixed(1) : value}"`).join(" ")}>${text}</${name}>`;
  const polygon = (points, kind) => tag("polygon", { points: points.map((point) => point.map((each) => each.toFixed(1)).join(",")).join(" "), class: kind });

  function box(x, y, width, height, depth, kind) { // its front, its top and its side
    const [right, up] = [depth, depth * SLOPE];
    return polygon([[x, y], [x + right, y - up], [x + width + right, y - up], [x + width, y]], kind)
      + polygon([[x + width, y], [x + width + right, y - up], [x + width + right, y + height - up], [x + width, y + height]], kind)
      + polygon([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], kind);
  }

  const words = (x, y, text, kind = "") => tag("text", { x, y, class: kind }, text);

  function volumes({ setting, shape, output }, width) {
    const room = width / 2 - 30;
    const isTransposed = setting.kind === "transposed";
    const edge = isTransposed ? 0 : setting.padding;
    const tall = Math.max(shape[1] + 2 * edge, output[1]);
    const wide = Math.max(shape[2] + 2 * edge, output[2]);
    const pixel = Math.min(150 / tall, (room * 0.62) / wide);
    const deep = Math.max(shape[0], output[0]);
    const map = Math.min((room * 0.36) / deep, 60 / SLOPE / deep, 24);
    return { room, edge, pixel, map, isTransposed };
  }

  function drawMaps(found, width) {
    const { setting, shape, output } = found;
    const { edge, pixel, map, isTransposed } = volumes(found, width);
    const reach = setting.dilation * (setting.kernel - 1) + 1;
    const least = (size) => Math.max(size, 2);
    const place = (side, sizes, pad) => {
      const [depth, down, across] = [sizes[0] * map, sizes[1] * pixel, sizes[2] * pixel].map(least);
      const x = (side ? width / 2 + 30 : 10) + pad * pixel;
      return { x, y: HEIGHT - 40 - down - pad * pixel, across, down, depth };
    };
    const [into, out] = [place(0, shape, edge), place(1, output, 0)];
    const drawBox = ({ x, y, across, down, depth }, kind) => box(x, y, across, down, depth, kind);
    let drawn = drawBox(into, "blue");
    if (edge) drawn += tag("rect", { x: into.x - edge * pixel, y: into.y - edge * pixel, width: into.across + 2 * edge * pixel, height: into.down + 2 * edge * pixel, class: "edge" });
    drawn += drawBox(out, "green");
    const seen = ((isTransposed ? output[0] : setting.kind.endsWith("pool") ? 1 : shape[0]) / (setting.kind.endsWith("pool") ? 1 : setting.groups)) * map;
    const near = isTransposed ? out : into;
    const far = isTransposed ? into : out;
    const shift = setting.padding * pixel;
    const window = { x: near.x - shift, y: near.y - shift, size: least(reach * pixel), depth: least(seen) };
    const dot = { x: far.x, y: far.y, size: Math.max(pixel, 4) };
    drawn += box(window.x, window.y, window.size, window.size, window.depth, "kernel");
    drawn += box(dot.x, dot.y, Math.min(dot.size, least(far.across)), Math.min(dot.size, least(far.down)), 2, "kernel");
    const corners = [[window.x + window.size, window.y], [window.x + window.size, window.y + window.size]];
    const ends = [[dot.x, dot.y], [dot.x, dot.y + dot.size]];
    const rays = isTransposed ? [[[dot.x + dot.size, dot.y], [window.x, window.y]], [[dot.x + dot.size, dot.y + dot.size], [window.x, window.y + window.size]]] : corners.map((corner, each) => [corner, ends[each]]);
    drawn += rays.map(([from, to]) => tag("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: "ray" })).join("");
    drawn += words(10, HEIGHT - 18, shape.join("×")) + words(10, HEIGHT - 3, {{ say("input") | tojson }}, "faint");
    drawn += words(width / 2 + 30, HEIGHT - 18, output.join("×")) + words(width / 2 + 30, HEIGHT - 3, {{ say("output") | tojson }}, "faint");
    return drawn;
  }

  function drawFeatures({ setting }, width) {
    const most = Math.max(setting.features, setting.out);
    const [into, out] = [setting.features, setting.out].map((size) => Math.max((size / most) * (HEIGHT - 60), 3));
    const [left, right] = [width * 0.2, width * 0.7];
    const [upper, lower] = [HEIGHT / 2 - 15 - into / 2, HEIGHT / 2 - 15 + into / 2];
    const first = HEIGHT / 2 - 15 - out / 2;
    const ray = (y) => tag("line", { x1: left + 16, y1: y, x2: right, y2: first + 2, class: "ray" });
    return tag("rect", { x: left, y: upper, width: 16, height: into, class: "blue" }) + tag("rect", { x: right, y: first, width: 16, height: out, class: "green" })
      + tag("rect", { x: right, y: first, width: 16, height: Math.min(4, out), class: "kernel" }) + [upper, (upper + lower) / 2, lower].map(ray).join("")
      + words(left - 10, HEIGHT - 3, {{ literal("{count} features", count="setting.features") }}, "faint") + words(right - 10, HEIGHT - 3, {{ literal("{count} features", count="setting.out") }}, "faint");
  }

  function told({ setting, shape, output }) {
    if (setting.kind === "linear") return {{ say("Each output sees every input. The lengths are to one scale.") | tojson }};
    const edge = setting.padding && setting.kind !== "transposed" ? {{ literal("Dashed: {padding} of padding.", padding="setting.padding") }} : "";
    const scale = {{ say("Height and width are to one scale, the number of maps to another.") | tojson }};
    return [work(setting, shape[0], output.join("×")), edge, scale].filter(Boolean).join(" ");
  }

  function work({ kind, groups }, maps, output) {
    if (kind === "transposed") return {{ say("One input is spread over the orange window of the output.") | tojson }};
    if (kind.endsWith("pool")) return {{ literal("One output of {shape} sees the orange window, on one map.", shape="output") }};
    if (groups > 1) return {{ literal("One output of {shape} sees the orange window, on the {count} of {all} maps of its group.", shape="output", count="maps / groups", all="maps") }};
    return {{ literal("One output of {shape} sees the orange window, on all {all} maps.", shape="output", all="maps") }};
  }

  function draw(picture, caption, found) {
    const width = Math.max(Math.min(picture.parentElement.clientWidth, 720), 280);
    picture.innerHTML = (found.setting.kind === "linear" ? drawFeatures : drawMaps)(found, width); // of numbers alone
    const drawn = picture.getBBox();
    picture.setAttribute("viewBox", `0 ${drawn.y - 4} ${width} ${drawn.height + 8}`);
    picture.style.maxWidth = `${width}px`;
    caption.textContent = told(found);
    picture.setAttribute("aria-label", {{ literal("{layer}, from {input} to {output}. {told}", layer="found.kind", input='found.shape.join("×")', output='found.output.join("×")', told="told(found)") }});
  }

  return { draw };
})();

// -- the fields, the address and the page

(() => {
  const { explain, fieldsOf } = archstatLayer;
  const form = document.getElementById("layer");
  const { kind, bias, ceil } = form.elements;
  const numbers = [...form.querySelectorAll("input[type=number]")];
  const wrong = document.getElementById("wrong");
  const result = document.getElementById("result");
  const picture = document.getElementById("picture");
  const BLANK = { out: 1, kernel: 1, stride: 1, padding: 0, dilation: 1, groups: 1, extra: 0 };
  let shown = null;

  const element = (name, text, kind = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  function given() {
    const setting = { kind: kind.value, bias: bias.checked, ceil: ceil.checked };
    for (const field of numbers) setting[field.name] = field.value.trim() === "" ? NaN : Number(field.value);
    return setting;
  }

  function showFields() {
    for (const label of form.querySelectorAll("label[data-kinds]")) label.hidden = !label.dataset.kinds.split(" ").includes(kind.value);
    const isLinear = kind.value === "linear";
    form.elements.out.closest("label").firstElementChild.textContent = isLinear ? {{ say("Output features") | tojson }} : {{ say("Output channels") | tojson }};
  }

  const QUANTITIES = {
    "output size": {{ say("output size") | tojson }}, "output height": {{ say("output height") | tojson }}, "output width": {{ say("output width") | tojson }},
    parameters: {{ say("parameters") | tojson }}, MACs: {{ say("MACs") | tojson }}, FLOPs: {{ say("FLOPs") | tojson }},
    activations: {{ say("activations") | tojson }}, "receptive field": {{ say("receptive field") | tojson }},
  };

  function line({ quantity, formula, result: number, remark }) {
    const row = document.createElement("div");
    const isNumber = !formula || formula === number.replaceAll(",", "");
    const sum = element("dd", "");
    sum.append(element("code", isNumber ? number : `${formula} = ${number}`));
    row.append(element("dt", QUANTITIES[quantity]), sum, element("dd", remark, "muted"));
    return row;
  }

  const TILES = { parameters: {{ say("Parameters") | tojson }}, MACs: {{ say("MACs") | tojson }}, FLOPs: {{ say("FLOPs") | tojson }}, activations: {{ say("Activation memory") | tojson }}, "receptive field": {{ say("Receptive field") | tojson }} };

  const square = (size) => `${size.replaceAll(",", "")}×${size.replaceAll(",", "")}`;

  function tiles(found) {
    const all = [[{{ say("Output") | tojson }}, found.output.join("×")]];
    for (const [quantity, name] of Object.entries(TILES)) {
      const step = found.steps.find((each) => each.quantity === quantity);
      if (quantity === "activations") all.push([name, step.remark.split(" = ")[1]]);
      else if (quantity === "receptive field") { if (step) all.push([name, square(step.result)]); }
      else all.push([name, step ? step.result : "0"]);
    }
    return all.map(([name, value]) => {
      const tile = document.createElement("div");
      tile.append(element("dt", name), element("dd", value));
      return tile;
    });
  }

  function show() {
    showFields();
    const setting = given();
    const found = explain(setting);
    for (const field of numbers) field.setAttribute("aria-invalid", String(found.error?.field === field.name));
    wrong.hidden = !found.error;
    wrong.textContent = found.error?.text ?? "";
    result.hidden = Boolean(found.error);
    shown = found.error ? null : found;
    if (found.error) return;
    document.getElementById("layer-kind").textContent = found.kind;
    document.getElementById("layer-tiles").replaceChildren(...tiles(found));
    document.getElementById("layer-sums").replaceChildren(...found.steps.map(line));
    document.getElementById("layer-command").textContent = `archstat explain '${found.torch}' --input ${found.shape.join("x")}`;
    archstatPicture.draw(picture, document.getElementById("picture-told"), found);
    keep(setting);
  }

  // the address says what is set, so that it can be linked; only what is not as usual stands in it

  function keep(setting) {
    const said = new URLSearchParams({ kind: setting.kind });
    const names = fieldsOf(setting.kind);
    said.set("in", setting.kind === "linear" ? setting.features : [setting.channels, setting.height, setting.width].join("x"));
    for (const [name, usual] of Object.entries(BLANK)) {
      if (names.includes(name) && (setting[name] !== usual || name === "out" || name === "kernel")) said.set(name, setting[name]);
    }
    if (!setting.bias && !setting.kind.endsWith("pool")) said.set("bias", 0);
    if (setting.ceil && setting.kind.endsWith("pool")) said.set("ceil", 1);
    history.replaceState(null, "", `#${said}`);
  }

  const number = (text) => (/^-?\d{1,9}(\.\d{1,9})?$/.test(text) ? text : ""); // an empty field is told of

  function read() {
    const said = new URLSearchParams(location.hash.slice(1));
    if (!said.has("kind")) return;
    if ([...kind.options].some((option) => option.value === said.get("kind"))) kind.value = said.get("kind");
    const sizes = (said.get("in") ?? "").split("x");
    for (const [place, name] of (kind.value === "linear" ? ["features"] : ["channels", "height", "width"]).entries()) {
      if (said.has("in")) form.elements[name].value = number(sizes[place] ?? "");
    }
    for (const [name, usual] of Object.entries(BLANK)) form.elements[name].value = said.has(name) ? number(said.get(name)) : usual;
    bias.checked = said.get("bias") !== "0";
    ceil.checked = said.get("ceil") === "1";
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", show);
  addEventListener("hashchange", () => { read(); show(); });
  new ResizeObserver(() => shown && archstatPicture.draw(picture, document.getElementById("picture-told"), shown)).observe(document.body);
  read();
  show();
})();
