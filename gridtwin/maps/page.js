/* The page around a map: texts in two languages, facts, legend, layers, search (see page.py).
   Texts from the data only ever pass through textContent. */
(function () {
'use strict';

const SVG = 'http://www.w3.org/2000/svg';
const MOST_FOUND = 8;
const HTML_LANG = {en: 'en', zh: 'zh-CN'};

function page(map, texts, options, layers) {
  options.entries.forEach((entry, place) => { entry.layers = layers[place]; });
  const canvas = gridtwin.canvasOf(map), $ = selector => document.querySelector(selector);
  let lang = options.lang;

  /* ---- texts ---- */

  const number = (value, digits = 0) => new Intl.NumberFormat(HTML_LANG[lang], {maximumFractionDigits: digits}).format(value);
  const known = key => Object.hasOwn(texts[lang], key);
  function say(key, params = {}) {
    const plain = known(key) ? texts[lang][key] : key;
    return plain.replace(/\{(\w+)\}/g, (_, name) => {
      const value = params[name];
      if (typeof value === 'number') return number(value, 1);
      return value && value.key !== undefined ? sayText(value) : value ?? '';
    });
  }
  const sayText = text => say(text.key, text.params);

  function percent(share) {
    const edge = share > 0 && share < 1 && (share < 0.01 || share > 0.99);
    return say('unit_percent', {value: number(100 * share, edge ? 1 : 0)});
  }
  /* A value in words; anything that has no rule of its own is shown as it is. */
  function write(value, {key, type}) {
    if (value === null || value === undefined || value === '') return say('no_value');
    if (type === 'integer') return number(value);
    if (type === 'decimal') return number(value, 2);
    if (type === 'share') return percent(value);
    if (type === 'walk') return value < 0 ? say('no_way') : say('unit_min', {value: number(value)});
    if (type === 'area') {
      return value < 1e4 ? say('unit_m2', {value: number(value)}) : say('unit_ha', {value: number(value / 1e4, 1)});
    }
    return known(`value.${key}.${value}`) ? say(`value.${key}.${value}`) : String(value);
  }

  /* ---- elements ---- */

  function add(parent, tag, text, className) {
    const element = parent.appendChild(document.createElement(tag));
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }
  function draw(parent, tag, attributes) {
    const element = parent.appendChild(document.createElementNS(SVG, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }
  function sample(parent, style, kind) {
    const svg = draw(parent, 'svg', {width: 26, height: 16, viewBox: '0 0 26 16', 'aria-hidden': 'true'});
    const look = {fill: kind === 'line' ? 'none' : style.fill || 'none', 'fill-opacity': style.fillOpacity, stroke: style.stroke || 'none',
      'stroke-width': style.weight, 'stroke-dasharray': style.dash.join(' ') || 'none'};
    if (kind === 'line') draw(svg, 'path', {d: 'M0 8H26', ...look});
    else if (kind === 'point') {
      const shapes = {circle: 'M8 8a5 5 0 1 0 10 0a5 5 0 1 0 -10 0', square: 'M8 3h10v10h-10z', diamond: 'M13 1.5l6.5 6.5l-6.5 6.5l-6.5-6.5z',
        triangle: 'M13 2l6 11h-12z'};
      const size = Math.min(7, style.radius) / 5;
      draw(svg, 'path', {d: shapes[style.shape], ...look, transform: `translate(13 8) scale(${size}) translate(-13 -8)`});
    } else {
      draw(svg, 'rect', {x: 1.5, y: 1.5, width: 23, height: 13, ...look, stroke: 'none'});
      if (style.hatch) draw(svg, 'path', {d: 'M2 10L10 2M4 14L16 2M11 14L23 2M18 14L24 8', stroke: style.hatch, 'stroke-width': 1.3});
      draw(svg, 'rect', {x: 1.5, y: 1.5, width: 23, height: 13, ...look, fill: 'none'});
    }
  }

  /* ---- what stands around the map ---- */

  function writeFacts() {
    const list = $('.gt-facts');
    list.replaceChildren();
    for (const fact of options.facts) {
      const item = add(list, 'div');
      add(item, 'dt', sayText(fact.title));
      const value = add(item, 'dd');
      add(value, 'b', write(fact.value, {type: fact.type}));
      if (fact.note) add(value, 'span', sayText(fact.note));
    }
  }
  function writeLegend() {
    $('.gt-legend h2').textContent = sayText(options.legendTitle);
    const list = $('.gt-legend ul');
    list.replaceChildren();
    for (const row of options.legend) {
      const item = add(list, 'li', undefined, row.apart ? 'gt-apart' : '');
      sample(item, row.style, row.kind);
      add(item, 'span', sayText(row.text), 'gt-name');
      if (row.count !== null) add(item, 'span', number(row.count), 'gt-count');
    }
  }
  function writeLayers() {
    $('.gt-layers h2').textContent = say('layers');
    const list = $('.gt-layers ul');
    list.replaceChildren();
    options.entries.forEach((entry, place) => {
      const item = add(list, 'li'), label = add(item, 'label'), box = add(label, 'input');
      box.type = 'checkbox';
      box.id = 'gt-layer-' + place;
      box.checked = entry.layers.some(layer => map.hasLayer(layer));
      item.classList.toggle('gt-off', !box.checked);
      box.addEventListener('change', () => {
        item.classList.toggle('gt-off', !box.checked);
        for (const layer of entry.layers) box.checked ? map.addLayer(layer) : map.removeLayer(layer);
      });
      sample(label, entry.style, entry.kind);
      add(label, 'span', sayText(entry.text), 'gt-name');
      if (entry.count !== null) add(label, 'span', number(entry.count), 'gt-count');
      if (!entry.ramp.length) return;
      const ramp = add(item, 'div', undefined, 'gt-ramp');
      for (const [colour, caption] of entry.ramp) add(ramp, 'span', caption).style.borderTopColor = colour;
    });
  }
  function writeControls() {
    for (const [selector, key] of [['.leaflet-control-zoom-in', 'zoom_in'], ['.leaflet-control-zoom-out', 'zoom_out']]) {
      const button = $(selector);
      if (!button) continue;
      button.title = say(key);
      button.setAttribute('aria-label', say(key));
    }
    map.getContainer().setAttribute('role', 'main');
    map.getContainer().setAttribute('aria-label', say('map'));
    $('.gt-side').setAttribute('aria-label', say('legend'));
    $('.gt-langs').setAttribute('aria-label', say('language'));
    $('.gt-print').textContent = say('print');
    $('.gt-search label').textContent = say('search');
    $('#gt-search').placeholder = say('search_hint');
    $('#gt-found').setAttribute('aria-label', say('search'));
    $('.gt-help').textContent = say('help');
    $('.gt-source').textContent = options.source ? say('source', {source: options.source}) : '';
    $('.gt-north').title = say('north_up');
    $('.gt-north span').textContent = say('north');
    for (const button of document.querySelectorAll('.gt-langs button')) {
      button.setAttribute('aria-pressed', String(button.dataset.lang === lang));
    }
  }
  function speak(code) {
    lang = code;
    document.documentElement.lang = HTML_LANG[lang];
    $('.gt-head h1').textContent = options.title;
    writeControls(); writeFacts(); writeLegend(); writeLayers(); closeFound();
    canvas.refresh();
    announce();
    map.invalidateSize({animate: false});
    map.fire('pagespeak');
  }

  /* ---- tooltips ---- */

  function heading(layer, i) {
    const {headingKey, heading: column} = layer.options;
    return say(headingKey || 'heading_plain', {value: String(layer.value(column, i) ?? say('no_value'))});
  }
  function describe(layer, i) {
    const box = document.createElement('div');
    if (layer.options.heading) add(box, 'strong', heading(layer, i));
    const list = add(box, 'dl');
    for (const field of layer.fields()) {
      const value = layer.value(field.key, i);
      if (field.type === 'violations') { for (const line of reasons(value, layer, i)) add(box, 'p', line, 'warning'); continue; }
      if (field.type === 'optional' && value === null) continue;
      add(list, 'dt', known(field.title) ? say(field.title, field.params) : field.title || field.key);
      add(list, 'dd', write(value, field));
    }
    return box;
  }
  /* "CODE: detail; CODE: detail" in words, after the amount by which the households miss the bounds. */
  function reasons(text, layer, i) {
    const out = [];
    if (!text) return out;
    const households = layer.value('households', i), bounded = !layer.value('purpose', i);
    const minimum = layer.value('minimum_households', i) ?? options.values.minimum;
    const maximum = layer.value('maximum_households', i) ?? options.values.maximum;
    if (bounded && households < minimum) out.push(say('below_by', {amount: minimum - households, minimum}));
    if (bounded && households > maximum) out.push(say('above_by', {amount: households - maximum, maximum}));
    for (const part of text.split('; ')) {
      const [code, ...rest] = part.split(':'), detail = rest.join(':').trim(), key = `violation.${code.trim()}`;
      if (!known(key)) out.push(part);
      else out.push(detail && lang === 'en' ? say('because', {reason: say(key), detail}) : say(key));
    }
    return out;
  }

  /* Tell readers of the screen what is pinned. */
  function announce() {
    const parts = canvas.pinned ? [...canvas.tip.getElement().querySelectorAll('strong, dt, dd, p')] : [];
    $('.gt-status').textContent = parts.map(part => part.textContent).join(', ');
  }

  /* ---- search ---- */

  const input = $('#gt-search'), foundList = $('#gt-found');
  const searched = options.entries.flatMap(entry => entry.layers);
  let found = [], active = -1;

  function search(wanted) {
    const words = wanted.trim().toLowerCase(), out = [];
    if (!words) return out;
    for (const layer of searched) {
      if (!layer.data) continue;
      for (let i = 0; i < layer.data.features; i++) {
        const names = layer.options.search.map(key => String(layer.value(key, i) ?? '').toLowerCase());
        if (!names.some(name => name.includes(words))) continue;
        const own = String(layer.value(layer.options.heading, i) ?? '').toLowerCase();
        out.push({layer, i, rank: own.startsWith(words) || own.endsWith(words) ? 0 : own.includes(words) ? 1 : 2});
      }
    }
    return out.sort((a, b) => a.rank - b.rank);
  }
  function closeFound() {
    foundList.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    active = -1;
  }
  function listFound() {
    const all = search(input.value);
    found = all.slice(0, MOST_FOUND);
    foundList.replaceChildren();
    found.forEach((item, place) => {
      const names = item.layer.options.search.filter(key => key !== item.layer.options.heading).map(key => item.layer.value(key, item.i));
      const text = [heading(item.layer, item.i), ...names.filter(Boolean)].join(' · ');
      const option = add(foundList, 'li', text);
      option.id = 'gt-found-' + place;
      option.setAttribute('role', 'option');
      option.addEventListener('mousedown', event => { event.preventDefault(); choose(place); });
    });
    closeFound();
    if (!input.value.trim()) return;
    if (!found.length) {
      const option = add(foundList, 'li', say('search_nothing'), 'gt-empty');
      option.setAttribute('role', 'option');
      option.setAttribute('aria-disabled', 'true');
    }
    foundList.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    $('.gt-status').textContent = found.length ? say('search_found', {count: all.length}) : say('search_nothing');
    if (found.length) mark(0);
  }
  function mark(place) {
    active = (place + found.length) % found.length;
    found.forEach((_, n) => foundList.children[n].setAttribute('aria-selected', String(n === active)));
    input.setAttribute('aria-activedescendant', 'gt-found-' + active);
  }
  function choose(place) {
    const {layer, i} = found[place], bounds = layer.bounds(i);
    closeFound();
    if (!map.hasLayer(layer)) map.addLayer(layer);
    writeLayers();
    map.fitBounds(bounds, {maxZoom: 17, padding: [80, 80], animate: false});
    canvas.pin([layer, i], bounds.getCenter());
  }
  input.addEventListener('input', listFound);
  input.addEventListener('blur', closeFound);
  input.addEventListener('keydown', event => {
    const open = !foundList.hidden && found.length;
    if (event.key === 'ArrowDown' && open) mark(active + 1);
    else if (event.key === 'ArrowUp' && open) mark(active - 1);
    else if (event.key === 'Enter' && open) choose(active);
    else if (event.key === 'Escape') closeFound();
    else return;
    event.preventDefault();
  });

  /* ---- put it together ---- */

  const Scale = L.Control.extend({
    onAdd() {
      const box = L.DomUtil.create('div', 'gt-scale'), north = add(box, 'div', undefined, 'gt-north');
      const svg = draw(north, 'svg', {width: 12, height: 18, viewBox: '0 0 12 18', 'aria-hidden': 'true'});
      draw(svg, 'path', {d: 'M6 0L12 18L6 14Z', fill: '#1f2a33'});
      draw(svg, 'path', {d: 'M6 0L0 18L6 14Z', fill: '#fff', stroke: '#1f2a33', 'stroke-width': 0.8});
      add(north, 'span');
      const scale = L.control.scale({imperial: false, maxWidth: 140}).addTo(map).getContainer();
      box.appendChild(scale);
      return box;
    },
  });
  map.addControl(new Scale({position: 'bottomleft'}));
  canvas.describe = describe;
  for (const button of document.querySelectorAll('.gt-langs button')) button.addEventListener('click', () => speak(button.dataset.lang));
  $('.gt-print').addEventListener('click', () => window.print());
  window.addEventListener('beforeprint', () => { map.invalidateSize({animate: false}); canvas.redrawNow(); });
  document.addEventListener('keydown', event => { if (event.key === 'Escape') canvas.pin(null); });
  map.on('packedpin', announce);
  /* What else speaks on the page needs of it (see sheet.js, services.js). */
  map.page = {
    texts, say, write, number, add, draw, sample, describe, searched, bounds: options.bounds, lang: () => lang, speak: () => speak(lang),
  };
  speak(lang);
  map.fitBounds(options.bounds, {padding: [24, 24], animate: false});
}

window.gridtwin = {...window.gridtwin, page};
})();
