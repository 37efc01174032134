/* Vector layers that travel packed in the page (see packed.py) and are drawn on one canvas of the map. */
(function () {
'use strict';

const WORLD = 2 ** 29;   // width of the world in the steps of packed coordinates
const BATCH = 24;        // features a path: the time to fill a path grows faster than its length
const SLICE_MS = 16;     // after this long, drawing lets the browser answer the user
const PADDING = 0.25;    // drawn beyond each edge of the view, as a share of it
const REACH_PX = 6;      // lines and points can be picked from this far
const FONT = '"Noto Sans", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", ' +
  '"WenQuanYi Micro Hei", system-ui, sans-serif';
const TOO_OLD = 'This browser is too old to draw the map; please open it in a current one. ' +
  '浏览器版本过低，无法绘制地图，请使用新版浏览器打开。';

/* ---- unpacking ---- */

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function decode(bytes) {
  const stop = bytes.indexOf(0);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, stop)));
  let at = stop + 1;
  function number() {
    let value = 0, shift = 0, byte;
    do { byte = bytes[at++]; value |= (byte & 127) << shift; shift += 7; } while (byte > 127);
    return value;
  }
  function plain(count) {
    const out = new Uint32Array(count);
    for (let i = 0; i < count; i++) out[i] = number();
    return out;
  }
  function starts(count) {       // running totals: item i spans out[i] to out[i + 1]
    const out = new Uint32Array(count + 1);
    for (let i = 0; i < count; i++) out[i + 1] = out[i] + number();
    return out;
  }
  function summed(count) {
    const out = new Int32Array(count);
    for (let i = 0, value = 0; i < count; i++) {
      const step = number();
      value += (step >>> 1) ^ -(step & 1);
      out[i] = value * head.grain;
    }
    return out;
  }
  const data = {...head, classes: plain(head.features), partOf: starts(head.features), pointOf: starts(head.parts)};
  data.x = summed(head.points);
  data.y = summed(head.points);
  if (head.labels) { data.labelX = summed(head.features); data.labelY = summed(head.features); }
  data.themes = Array.from({length: head.themes}, () => plain(head.features));
  data.boxes = boxes(data);
  data.index = index(data);
  return data;
}

function boxes(data) {
  const out = new Int32Array(data.features * 4);
  for (let i = 0; i < data.features; i++) {
    let west = WORLD, north = WORLD, east = 0, south = 0;
    for (let p = data.pointOf[data.partOf[i]]; p < data.pointOf[data.partOf[i + 1]]; p++) {
      west = Math.min(west, data.x[p]); east = Math.max(east, data.x[p]);
      north = Math.min(north, data.y[p]); south = Math.max(south, data.y[p]);
    }
    out.set([west, north, east, south], i * 4);
  }
  return out;
}

/* A raster of buckets over the layer's extent, each with the features whose boxes touch it. */
function index(data) {
  const extent = [WORLD, WORLD, 0, 0], b = data.boxes;
  for (let i = 0; i < b.length; i += 4) {
    extent[0] = Math.min(extent[0], b[i]); extent[1] = Math.min(extent[1], b[i + 1]);
    extent[2] = Math.max(extent[2], b[i + 2]); extent[3] = Math.max(extent[3], b[i + 3]);
  }
  const side = Math.max(1, Math.min(128, Math.ceil(Math.sqrt(data.features / 4))));
  const wide = Math.max(1, (extent[2] - extent[0] + 1) / side), high = Math.max(1, (extent[3] - extent[1] + 1) / side);
  const buckets = Array.from({length: side * side}, () => []);
  const clamp = value => Math.max(0, Math.min(side - 1, Math.floor(value)));
  const span = (west, north, east, south) => [clamp((west - extent[0]) / wide), clamp((north - extent[1]) / high),
    clamp((east - extent[0]) / wide), clamp((south - extent[1]) / high)];
  for (let i = 0; i < data.features; i++) {
    const [c0, r0, c1, r1] = span(b[4 * i], b[4 * i + 1], b[4 * i + 2], b[4 * i + 3]);
    for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) buckets[r * side + c].push(i);
  }
  return {buckets, side, span};
}

/* Features whose boxes meet the given one, by rising number. */
function within(data, west, north, east, south) {
  const {buckets, side, span} = data.index, [c0, r0, c1, r1] = span(west, north, east, south);
  const b = data.boxes, found = new Uint8Array(data.features), out = [];
  for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) for (const i of buckets[r * side + c]) found[i] = 1;
  for (let i = 0; i < data.features; i++) {
    if (found[i] && b[4 * i] <= east && b[4 * i + 2] >= west && b[4 * i + 1] <= south && b[4 * i + 3] >= north) out.push(i);
  }
  return out;
}

/* ---- drawing: generators that yield after each batch ---- */

/* Draw looks (layers as they are worn) as far as they lie in the view. */
function* paint(g, looks, view) {
  const passes = looks.flatMap(look => look.passes.map(pass => ({look, pass})));
  passes.sort((a, b) => a.pass.order - b.pass.order);
  const visible = new Map(looks.map(look => [look, within(look.layer.data, ...view.box)]));
  for (const {look, pass} of passes) {
    const byClass = new Map();
    for (const i of visible.get(look)) {
      const code = look.classes[i];
      if (!byClass.has(code)) byClass.set(code, []);
      byClass.get(code).push(i);
    }
    for (const code of [...byClass.keys()].sort((a, b) => a - b)) {
      const style = pass.styles[code];
      if (!style || style.minZoom > view.zoom) continue;
      yield* (style.merged ? paintMerged : paintClass)(g, look.layer.data, byClass.get(code), style, view);
    }
  }
  g.globalAlpha = 1;
  g.setLineDash([]);
  view.labels = paintLabels(g, looks, visible, view);
}

/* A layer as it is worn, or in one of its themes (-1: none), with its labels or without. */
function look(layer, theme = layer.theme, labels = true) {
  const {data, options} = layer;
  return theme < 0 ? {layer, labels, passes: options.passes, classes: data.classes}
    : {layer, labels, passes: options.themes[theme].passes, classes: data.themes[theme]};
}

function growth(style, view) {
  return style.grow ? Math.max(0.4, Math.min(3.5, 2 ** ((view.zoom - 16) * 0.7))) : 1;
}

function* paintClass(g, data, features, style, view) {
  const size = view.ratio * growth(style, view), fills = data.kind !== 'line' && style.fill;
  const hatch = style.hatch && pattern(g, style.hatch, view);
  g.lineWidth = style.weight * size;
  g.lineJoin = 'round';
  g.lineCap = style.dash.length ? 'butt' : 'round';
  g.setLineDash(style.dash.map(length => length * size));
  g.strokeStyle = style.stroke;
  for (let start = 0; start < features.length; start += BATCH) {
    g.beginPath();
    for (const i of features.slice(start, start + BATCH)) {
      if (data.kind === 'point') symbol(g, data, i, style, size, view);
      else trace(g, data, i, view);
    }
    if (fills) { g.globalAlpha = style.fillOpacity; g.fillStyle = style.fill; g.fill(); }
    if (hatch) { g.globalAlpha = 1; g.fillStyle = hatch; g.fill(); }
    if (style.stroke && g.lineWidth > 0.25) { g.globalAlpha = style.opacity; g.stroke(); }
    yield;
  }
}

/* Polygons as one surface: all of them opaque on a canvas of its own, which is then laid over the map; and of their
   outlines what lies outside all of them. */
function* paintMerged(g, data, features, style, view) {
  const apart = view.apart ??= Object.assign(document.createElement('canvas'), {width: g.canvas.width, height: g.canvas.height});
  const a = apart.getContext('2d'), plain = {...style, fill: null, stroke: null, hatch: null, fillOpacity: 1, opacity: 1};
  function* draw(operation, ink) { a.globalCompositeOperation = operation; yield* paintClass(a, data, features, {...plain, ...ink}, view); }
  function lay(opacity) { g.globalAlpha = opacity; g.drawImage(apart, 0, 0); a.clearRect(0, 0, apart.width, apart.height); }
  if (style.fill) { yield* draw('source-over', {fill: style.fill}); lay(style.fillOpacity); }
  if (!style.stroke) return;
  yield* draw('source-over', {stroke: style.stroke, weight: 2 * style.weight});
  yield* draw('destination-out', {fill: '#000000'});
  lay(style.opacity);
}

/* Add a line or polygon to the path, without points that lie within half a pixel of the last. */
function trace(g, data, i, view) {
  const {x, y, pointOf, partOf, kind} = data, k = view.scale;
  for (let part = partOf[i]; part < partOf[i + 1]; part++) {
    let lastX = 0, lastY = 0;
    for (let p = pointOf[part]; p < pointOf[part + 1]; p++) {
      const px = (x[p] - view.x) * k, py = (y[p] - view.y) * k;
      if (p === pointOf[part]) g.moveTo(px, py);
      else if (p < pointOf[part + 1] - 1 && Math.abs(px - lastX) + Math.abs(py - lastY) < 0.5) continue;
      else g.lineTo(px, py);
      lastX = px; lastY = py;
    }
    if (kind === 'polygon') g.closePath();
  }
}

function symbol(g, data, i, style, size, view) {
  const r = style.radius * size;
  const corners = {square: [[-1, -1], [1, -1], [1, 1], [-1, 1]], diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
    triangle: [[0, -1.25], [1.15, 0.85], [-1.15, 0.85]]}[style.shape];
  for (let p = data.pointOf[data.partOf[i]]; p < data.pointOf[data.partOf[i + 1]]; p++) {
    const px = (data.x[p] - view.x) * view.scale, py = (data.y[p] - view.y) * view.scale;
    if (corners) {
      corners.forEach(([dx, dy], n) => n ? g.lineTo(px + dx * r, py + dy * r) : g.moveTo(px + dx * r, py + dy * r));
      g.closePath();
    } else { g.moveTo(px + r, py); g.arc(px, py, r, 0, 2 * Math.PI); }
  }
}

/* Diagonal lines that stay in place on the ground while the map is dragged. */
function pattern(g, colour, view) {
  const side = 7 * view.ratio, tile = document.createElement('canvas');
  tile.width = tile.height = side;
  const t = tile.getContext('2d');
  t.strokeStyle = colour;
  t.lineWidth = 1.3 * view.ratio;
  t.beginPath();
  for (const shift of [-side, 0, side]) { t.moveTo(shift - 1, side + 1); t.lineTo(shift + side + 1, -1); }
  t.stroke();
  const out = g.createPattern(tile, 'repeat');
  out.setTransform(new DOMMatrix().translate(-(view.x * view.scale) % side, -(view.y * view.scale) % side));
  return out;
}

/* Write labels, the most important and largest first, each where it covers no other, nor a point that has a label;
   where there is no room for all its lines, the first alone. Return those written. */
function paintLabels(g, looks, visible, view) {
  const candidates = [], placed = [], points = [];
  for (const shown of looks) {
    const {layer, passes, classes} = shown, {data, options: {label}} = layer;
    if (!data.labels || !shown.labels) continue;
    for (const i of data.kind === 'point' ? visible.get(shown) : []) {
      const size = Math.max(0, ...passes.map(pass => pass.styles[classes[i]]?.radius ?? 0)) * view.ratio;
      points.push({layer, feature: i, x: (data.labelX[i] - view.x) * view.scale, y: (data.labelY[i] - view.y) * view.scale, w: size, h: size});
    }
    if (view.zoom < label.minZoom) continue;
    for (const i of visible.get(shown)) {
      const wide = (data.boxes[4 * i + 2] - data.boxes[4 * i]) * view.scale;
      if (data.labels[i]) candidates.push({layer, i, label, wide, lines: data.labels[i].split('\n')});
    }
  }
  candidates.sort((a, b) => b.label.priority - a.label.priority || b.wide - a.wide);
  g.textAlign = 'center';
  g.textBaseline = 'middle';
  g.lineJoin = 'round';
  for (const {layer, i, label, wide, lines} of candidates) {
    const x = (layer.data.labelX[i] - view.x) * view.scale;
    const y = (layer.data.labelY[i] - view.y) * view.scale + label.below * view.ratio;
    for (const some of lines.length > 1 ? [lines, lines.slice(0, 1)] : [lines]) {
      const box = {x, y, ...labelSize(g, some, label.size * view.ratio, view), text: some.join(' '), layer, feature: i};
      if (label.inside && box.w * 2 > wide) continue;
      const covers = o => Math.abs(o.x - x) < o.w + box.w && Math.abs(o.y - y) < o.h + box.h;
      if (placed.some(covers) || points.some(o => covers(o) && !(o.layer === layer && o.feature === i))) continue;
      placed.push(box);
      writeLabel(g, some, box, label, view);
      break;
    }
  }
  return placed;
}

const labelFont = (line, size) => `${line ? 400 : 700} ${size}px ${FONT}`;

function labelSize(g, lines, size, view) {
  const widths = lines.map((line, n) => { g.font = labelFont(n, size); return g.measureText(line).width; });
  return {w: Math.max(...widths) / 2 + view.ratio, h: lines.length * size * 0.6 + view.ratio};
}

function writeLabel(g, lines, {x, y}, label, view) {
  const size = label.size * view.ratio;
  g.strokeStyle = 'rgba(255,255,255,0.9)';
  g.lineWidth = 3.5 * view.ratio;
  g.fillStyle = label.colour;
  lines.forEach((line, n) => {
    const top = y + (n - (lines.length - 1) / 2) * size * 1.2;
    g.font = labelFont(n, size);
    g.strokeText(line, x, top);
    g.fillText(line, x, top);
  });
}

/* Draw looks at once on a canvas of their own, of so many CSS pixels, so that the bounds (in steps) fit in. */
function picture(looks, [west, north, east, south], wide, high) {
  const canvas = document.createElement('canvas'), ratio = 2;
  canvas.width = wide * ratio;
  canvas.height = high * ratio;
  canvas.style.width = wide + 'px';
  canvas.style.height = high + 'px';
  const scale = Math.min(canvas.width / (east - west), canvas.height / (south - north));
  const x = (west + east) / 2 - canvas.width / scale / 2, y = (north + south) / 2 - canvas.height / scale / 2;
  const view = {zoom: Math.log2(scale / ratio * WORLD / 256), ratio, scale, x, y, box: [x, y, x + canvas.width / scale, y + canvas.height / scale]};
  for (const _ of paint(canvas.getContext('2d'), looks, view));
  return canvas;
}

/* ---- picking ---- */

function hit(data, i, x, y, reach) {
  let inside = false;
  for (let part = data.partOf[i]; part < data.partOf[i + 1]; part++) {
    const first = data.pointOf[part], stop = data.pointOf[part + 1];
    for (let p = first, q = data.kind === 'polygon' ? stop - 1 : first; p < stop; q = p++) {
      const ax = data.x[p] - x, ay = data.y[p] - y, bx = data.x[q] - x, by = data.y[q] - y;
      if (data.kind === 'polygon') {
        if ((ay > 0) !== (by > 0) && (bx - ax) * -ay / (by - ay) + ax > 0) inside = !inside;
        continue;
      }
      const dx = bx - ax, dy = by - ay, t = Math.max(0, Math.min(1, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
      if (Math.hypot(ax + t * dx, ay + t * dy) <= reach) return true;
    }
  }
  return inside;
}

/* ---- the canvas that all packed layers of a map share ---- */

const Canvas = L.Layer.extend({
  initialize() {
    this.layers = new Set();
    this.describe = plainTip;
    this.tip = L.tooltip({className: 'gridtwin-tip', direction: 'auto', offset: [12, 0], opacity: 1});
    this.pinned = false;
  },
  onAdd() {
    this.element = L.DomUtil.create('canvas', 'leaflet-zoom-animated', this.getPane());
    this.element.setAttribute('aria-hidden', 'true');
    this.redraw();
  },
  getEvents() {
    return {moveend: this.redraw, resize: this.redraw, viewreset: this.place, zoom: this.place, zoomanim: this.animate,
      mousemove: this.hover, mouseout: this.leave, click: this.click};
  },

  redraw() {
    this.drawn = false;
    cancelAnimationFrame(this.frame);
    this.work = null;
    this.frame = requestAnimationFrame(() => this.step(SLICE_MS));
  },
  redrawNow() { this.work = null; cancelAnimationFrame(this.frame); this.step(Infinity); },
  step(budget) {
    const stop = performance.now() + budget;
    if (!this.work) this.begin();
    while (!this.work.next().done) {
      if (performance.now() > stop) { this.frame = requestAnimationFrame(() => this.step(SLICE_MS)); return; }
    }
    this.back.className = this.element.className;
    this.back.setAttribute('aria-hidden', 'true');
    this.element.replaceWith(this.back);
    this.element = this.back;
    this.view = this.next;
    this.place();
    this.drawn = true;
    this._map.fire('packeddrawn');
  },
  begin() {
    const map = this._map, size = map.getSize(), zoom = map.getZoom(), ratio = Math.min(2, window.devicePixelRatio || 1);
    const corner = map.layerPointToLatLng(map.containerPointToLayerPoint(size.multiplyBy(-PADDING)).round());
    const full = size.multiplyBy(1 + 2 * PADDING).round(), origin = steps(corner), scale = 256 * 2 ** zoom / WORLD * ratio;
    this.back = document.createElement('canvas');
    this.back.width = full.x * ratio;
    this.back.height = full.y * ratio;
    this.back.style.width = full.x + 'px';
    this.back.style.height = full.y + 'px';
    const margin = 4 * ratio / scale;
    this.next = {zoom, ratio, corner, scale, x: origin.x, y: origin.y, box: [origin.x - margin, origin.y - margin,
      origin.x + this.back.width / scale + margin, origin.y + this.back.height / scale + margin]};
    this.work = paint(this.back.getContext('2d'), this.ready().map(layer => look(layer)), this.next);
  },
  place() {
    if (!this.view) return;
    const map = this._map;
    L.DomUtil.setTransform(this.element, map.latLngToLayerPoint(this.view.corner), map.getZoomScale(map.getZoom(), this.view.zoom));
  },
  animate(e) {
    if (!this.view) return;
    const corner = this._map._latLngToNewLayerPoint(this.view.corner, e.zoom, e.center);
    L.DomUtil.setTransform(this.element, corner, this._map.getZoomScale(e.zoom, this.view.zoom));
  },
  ready() { return [...this.layers].filter(layer => layer.data); },

  /* The feature under a place: [layer, number], or null. */
  pick(latlng) {
    const zoom = this._map.getZoom(), reach = REACH_PX / (256 * 2 ** zoom / WORLD), at = steps(latlng);
    const layers = this.ready().filter(layer => layer.fields().length && zoom >= layer.options.pickFromZoom);
    for (const layer of layers.sort((a, b) => b.options.pick - a.options.pick)) {
      const near = within(layer.data, at.x - reach, at.y - reach, at.x + reach, at.y + reach);
      const {passes, classes} = look(layer), drawn = i => passes.some(pass => pass.styles[classes[i]]);
      const found = near.reverse().find(i => drawn(i) && hit(layer.data, i, at.x, at.y, reach));
      if (found !== undefined) return [layer, found];
    }
    return null;
  },
  hover(e) {
    if (this.pinned) return;
    this.pointer = e.latlng;
    if (!this.hoverFrame) this.hoverFrame = requestAnimationFrame(() => {
      this.hoverFrame = 0;
      if (this.pointer && !this.pinned) this.show(this.pick(this.pointer), this.pointer);
    });
  },
  leave() { this.pointer = null; if (!this.pinned) this.show(null); },
  click(e) { this.pin(this.pick(e.latlng), e.latlng); },
  pin(found, latlng) {
    this.pinned = Boolean(found);
    this.shown = null;
    this.show(found, latlng);
    if (found) this.tip.getElement().classList.add('pinned');
    this._map.fire('packedpin', {found});
  },
  show(found, latlng) {
    const [layer, i] = found || [], same = this.shown && found && this.shown[0] === layer && this.shown[1] === i;
    if (!same && this.outline) { this.outline.remove(); this.outline = null; }
    if (!same) this.tip.remove();
    this.shown = found;
    if (!found) return;
    if (!same) {
      this.tip.setContent(this.describe(layer, i));
      this.outline = layer.outline(i).addTo(this._map);
    }
    this.tip.setLatLng(latlng);
    if (!same) this.tip.addTo(this._map);
  },
  /* Write the tooltip again, after the page's language changed. */
  refresh() { if (this.shown) this.tip.setContent(this.describe(...this.shown)); },
});

function steps(latlng) {
  const point = L.CRS.EPSG3857.latLngToPoint(L.latLng(latlng), 0);
  return {x: point.x / 256 * WORLD, y: point.y / 256 * WORLD};
}

function canvasOf(map) {
  if (!map.packedCanvas) map.packedCanvas = new Canvas().addTo(map);
  return map.packedCanvas;
}

/* A tooltip of titles and values as they are; a page replaces Canvas.describe by its own. */
function plainTip(layer, i) {
  const list = document.createElement('dl');
  for (const {key, title} of layer.fields()) {
    list.appendChild(document.createElement('dt')).textContent = title || key;
    list.appendChild(document.createElement('dd')).textContent = layer.value(key, i) ?? '–';
  }
  return list;
}

/* ---- one layer ---- */

const PackedLayer = L.Layer.extend({
  initialize(packet, options) {
    L.setOptions(this, options);
    this.theme = -1;
    this.ready = (typeof DecompressionStream === 'undefined' ? Promise.reject(new Error(TOO_OLD)) : inflate(packet))
      .then(bytes => { this.data = decode(bytes); if (this._map) canvasOf(this._map).redraw(); return this; });
    this.ready.catch(() => {});   // told to the user when the layer is added
  },
  onAdd(map) {
    canvasOf(map).layers.add(this);
    canvasOf(map).redraw();
    this.ready.catch(error => warn(map, error));
  },
  onRemove(map) {
    const canvas = canvasOf(map);
    canvas.layers.delete(this);
    if (canvas.shown && canvas.shown[0] === this) canvas.pin(null);
    canvas.redraw();
  },
  /* Put on a theme, or the layer's own look (-1). */
  wear(theme) {
    if (theme === this.theme) return;
    this.theme = theme;
    const canvas = this._map && canvasOf(this._map);
    if (!canvas) return;
    if (canvas.shown && canvas.shown[0] === this) canvas.pin(null);
    canvas.redraw();
  },
  fields() { return this.theme < 0 ? this.options.fields : [...this.options.themes[this.theme].fields, ...this.options.fields]; },
  value(key, i) { return this.data.columns[key][i]; },
  latLng(x, y) { return L.CRS.EPSG3857.pointToLatLng(L.point(x / WORLD * 256, y / WORLD * 256), 0); },
  bounds(i) {
    const b = this.data.boxes;
    return L.latLngBounds(this.latLng(b[4 * i], b[4 * i + 1]), this.latLng(b[4 * i + 2], b[4 * i + 3]));
  },
  parts(i) {
    const {partOf, pointOf, x, y} = this.data, out = [];
    for (let part = partOf[i]; part < partOf[i + 1]; part++) {
      out.push(Array.from({length: pointOf[part + 1] - pointOf[part]}, (_, n) => this.latLng(x[pointOf[part] + n], y[pointOf[part] + n])));
    }
    return out;
  },
  outline(i) {
    const style = {color: '#0b2a3d', weight: 3, fill: false, interactive: false}, kind = this.data.kind;
    if (kind === 'point') return L.circleMarker(this.parts(i)[0][0], {...style, radius: 9});
    return kind === 'line' ? L.polyline(this.parts(i), style) : L.polygon(this.parts(i), style);
  },
});

function warn(map, error) {
  if (map.packedAlert) return;
  map.packedAlert = L.DomUtil.create('p', 'gridtwin-alert', map.getContainer());
  map.packedAlert.setAttribute('role', 'alert');
  map.packedAlert.textContent = error.message;
}

window.gridtwin = {...window.gridtwin, PackedLayer, canvasOf, look, picture, steps};
})();
