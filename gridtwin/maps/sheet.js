/* Sections around one or two maps: facts, tables that sort, a histogram, cases to decide (see sheet.py).
   Texts from the data only ever pass through textContent. */
(function () {
'use strict';

const WIDE = 720, HIGH = 230, LEFT = 44, FOOT = 44, TOP = 36;   // the histogram, in its own units
const SIDES = {below: ['#b59bd0', 'M0 6L6 0'], within: ['#57a5aa', ''], above: ['#f0a04b', 'M0 0L6 6']};
const PICTURE_WIDE = 470;   // CSS pixels of a small map; two stand side by side
const NUMERIC = ['integer', 'decimal', 'share', 'area', 'metres'];

function sheet(maps, texts, options, twins, pictured) {
  const [map] = maps, {say, number, add, draw, sample} = map.page;
  for (const [lang, table] of Object.entries(texts)) Object.assign(map.page.texts[lang], table);
  const main = document.querySelector('.gt-sheet'), figure = document.createElement('div');
  const captions = maps.map(() => document.createElement('p'));
  figure.className = maps.length > 1 ? 'gt-figure gt-twins' : 'gt-figure';
  figure.append(...maps.flatMap((shown, n) => [captions[n], shown.getContainer()]), document.querySelector('.gt-side'));
  main.appendChild(figure);   // texts are written into what stands in the page

  function tell(words) {
    if (words === null || words === undefined) return '';
    if (words.few !== undefined) return say('few', words);
    return words.key !== undefined ? say(words.key, words.params) : words[map.page.lang()];
  }
  const isWords = value => value !== null && typeof value === 'object';
  const write = (value, type) => isWords(value) ? tell(value)
    : type === 'metres' && value !== null ? say('unit_m', {value: number(value)}) : map.page.write(value, {type});

  const looks = type => NUMERIC.includes(type) ? 'gt-value' : type === 'code' ? 'gt-code' : '';

  /* ---- blocks ---- */

  const blocks = {
    prose(parent, {text}) { add(parent, 'p', tell(text)); },
    caution(parent, {text}) { add(parent, 'p', tell(text), 'gt-caution').setAttribute('role', 'note'); },
    items(parent, {items}) {
      const list = add(parent, 'ul');
      for (const item of items) if (tell(item)) add(list, 'li', tell(item));
    },
    measures(parent, {rows, heads}) {
      const table = add(parent, 'table', undefined, 'gt-measures');
      if (heads.length) {
        const row = add(add(table, 'thead'), 'tr');
        add(row, 'td');
        for (const head of heads) add(row, 'th', head, 'gt-value').scope = 'col';
      }
      const body = add(table, 'tbody');
      for (const {title, values, type, meaning} of rows) {
        const row = add(body, 'tr');
        add(row, 'th', tell(title)).scope = 'row';
        for (const value of values) add(row, 'td', write(value, type), looks(type));
        if (meaning) add(row, 'td', tell(meaning), 'gt-meaning');
      }
    },
    table(parent, {columns, rows}) {
      const table = add(add(parent, 'div', undefined, 'gt-wide'), 'table'), head = add(add(table, 'thead'), 'tr'), body = add(table, 'tbody');
      const plain = value => !isWords(value) ? value : value.few !== undefined ? value.few / 2 : tell(value);
      let shown = [...rows], by = -1, up = true;
      function fill() {
        body.replaceChildren();
        for (const cells of shown) {
          const row = add(body, 'tr');
          cells.forEach((value, n) => add(row, 'td', write(value, columns[n].type), looks(columns[n].type)));
        }
      }
      function sort(column) {
        up = by === column ? !up : true;
        by = column;
        const order = (a, b) => a === b ? 0 : a === null || a === '' ? 1 : b === null || b === '' ? -1
          : (up ? 1 : -1) * (typeof a === 'number' ? a - b : String(a).localeCompare(String(b), document.documentElement.lang));
        shown.sort((a, b) => order(plain(a[column]), plain(b[column])));
        [...head.children].forEach((cell, n) => cell.setAttribute('aria-sort', n !== by ? 'none' : up ? 'ascending' : 'descending'));
        fill();
      }
      columns.forEach(({title, type}, n) => {
        const cell = add(head, 'th', undefined, looks(type)), button = add(cell, 'button', tell(title));
        cell.scope = 'col';
        cell.setAttribute('aria-sort', 'none');
        button.type = 'button';
        button.addEventListener('click', () => sort(n));
      });
      fill();
    },
    histogram(parent, {bins, lines, axis, alternative}) {
      const svg = draw(parent, 'svg', {viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'img', class: 'gt-histogram'});
      draw(svg, 'title', {}).textContent = tell(axis);
      draw(svg, 'desc', {}).textContent = tell(alternative);
      const first = bins[0].low, last = bins[bins.length - 1].high, most = Math.max(1, ...bins.map(bin => bin.count));
      const x = value => LEFT + (value - first) / (last - first) * (WIDE - LEFT - 12);
      const y = count => HIGH - FOOT - count / most * (HIGH - FOOT - TOP);
      const write = (text, at, attributes) => { draw(svg, 'text', {x: at[0], y: at[1], 'text-anchor': 'middle', ...attributes}).textContent = text; };
      const defs = draw(svg, 'defs', {});
      for (const [side, [colour, path]] of Object.entries(SIDES)) {
        const tile = draw(defs, 'pattern', {id: 'gt-' + side, width: 6, height: 6, patternUnits: 'userSpaceOnUse'});
        draw(tile, 'rect', {width: 6, height: 6, fill: colour});
        draw(tile, 'path', {d: path, stroke: '#1f2a33', 'stroke-width': 0.8});
      }
      draw(svg, 'path', {d: `M${LEFT} ${y(0)}H${WIDE - 12}`, stroke: '#1f2a33'});
      for (const bin of bins) {
        const left = x(bin.low), width = x(bin.high) - left;
        if (bin.count) {
          draw(svg, 'rect', {x: left + 1, y: y(bin.count), width: width - 2, height: y(0) - y(bin.count), fill: `url(#gt-${bin.side})`, stroke: '#2c5560', 'stroke-width': 0.8});
          write(number(bin.count), [left + width / 2, y(bin.count) - 4], {'font-size': 11, 'font-weight': 650});
        }
        write(String(bin.low), [left, y(0) + 14], {'font-size': 10, fill: '#55646f'});
      }
      for (const [line, label] of lines) {
        draw(svg, 'path', {d: `M${x(line)} 17V${y(0)}`, stroke: '#a3300a', 'stroke-width': 1.6, 'stroke-dasharray': '6 3'});
        write(label, [x(line), 13], {'font-size': 12, 'font-weight': 650, fill: '#a3300a'});
      }
      write(tell(axis), [LEFT + (WIDE - LEFT) / 2, HIGH - 8], {'font-size': 11.5});
      add(parent, 'p', tell(alternative), 'gt-meaning');
    },
    cases(parent, {cases, title}) {
      for (const {heading, reasons, remedies} of cases) {
        const box = add(parent, 'div', undefined, 'gt-case');
        add(box, 'h3', tell(heading));
        for (const reason of reasons) if (tell(reason)) add(box, 'p', tell(reason));
        if (!remedies.length) continue;
        add(box, 'p', tell(title), 'gt-remedies');
        blocks.items(box, {items: remedies});
      }
    },
    pictures(parent, {pictures, legend}) {
      const list = add(parent, 'ul', undefined, 'gt-key');
      for (const {text, style, kind} of legend) {
        const item = add(list, 'li');
        sample(item, style, kind);
        add(item, 'span', tell(text));
      }
      const box = add(parent, 'div', undefined, 'gt-pictures');
      for (const picture of pictures) {
        const frame = add(box, 'figure'), place = add(frame, 'div');
        add(frame, 'figcaption', tell(picture.caption));
        paintings.get(picture).then(canvas => {
          canvas.setAttribute('role', 'img');
          canvas.setAttribute('aria-label', tell(picture.caption));
          place.replaceChildren(canvas);
        });
      }
    },
    figure(parent, block) {
      captions.forEach((caption, n) => { caption.textContent = tell(block.captions[n]); caption.hidden = !caption.textContent; });
      parent.appendChild(figure);
    },
  };

  function speak() {
    main.replaceChildren();
    add(main, 'p', tell(options.subtitle), 'gt-subtitle');
    for (const {title, intro, blocks: some} of options.sections) {
      const section = add(main, 'section');
      add(section, 'h2', tell(title));
      if (intro) add(section, 'p', tell(intro), 'gt-intro');
      for (const block of some) blocks[block.kind](section, block);
    }
    map.getContainer().setAttribute('role', 'region');   // the sheet is the main part of the page
    for (const other of maps.slice(1)) {
      other.getContainer().setAttribute('role', 'region');
      other.getContainer().setAttribute('aria-label', captions[maps.indexOf(other)].textContent);
      gridtwin.canvasOf(other).refresh();
    }
  }

  /* ---- small maps, each painted once ---- */

  const [northWest, southEast] = [[1, 0], [0, 1]].map(([n, e]) => gridtwin.steps([map.page.bounds[n][0], map.page.bounds[e][1]]));
  const extent = [northWest.x, northWest.y, southEast.x, southEast.y], ratio = (extent[3] - extent[1]) / (extent[2] - extent[0]);
  const high = Math.round(PICTURE_WIDE * Math.max(0.5, Math.min(1.1, ratio)));
  const paintings = new Map(options.sections.flatMap(section => section.blocks).flatMap(block => block.pictures || [])
    .map(picture => [picture, Promise.all(picture.looks.map(({layer, theme, labels}) => pictured[layer].ready.then(some => gridtwin.look(some, theme, labels))))
      .then(looks => gridtwin.picture(looks, extent, PICTURE_WIDE, high))]));

  /* ---- maps that move together ---- */

  let leading = null;
  function follow(leader) {
    if (leading) return;
    leading = leader;
    for (const other of maps) if (other !== leader) other.setView(leader.getCenter(), leader.getZoom(), {animate: false});
    leading = null;
  }
  for (const other of maps.slice(1)) {
    gridtwin.canvasOf(other).describe = map.page.describe;
    document.addEventListener('keydown', event => { if (event.key === 'Escape') gridtwin.canvasOf(other).pin(null); });
  }
  if (maps.length > 1) for (const shown of maps) shown.on('move zoomend', () => follow(shown));
  for (const [one, other] of twins) {
    one.on('add', () => maps[1].addLayer(other));
    one.on('remove', () => maps[1].removeLayer(other));
  }

  /* ---- paper ---- */

  function resize(paper) {
    const centre = map.getCenter(), zoom = map.getZoom(), before = map.getSize();
    document.documentElement.classList.toggle('gt-paper', paper);
    for (const shown of maps) shown.invalidateSize({animate: false});
    const after = map.getSize(), scale = Math.min(after.x / before.x, after.y / before.y);
    map.setView(centre, zoom + Math.round(4 * Math.log2(scale)) / 4, {animate: false});
    for (const shown of maps) gridtwin.canvasOf(shown).redrawNow();
  }
  window.addEventListener('beforeprint', () => resize(true));
  window.addEventListener('afterprint', () => resize(false));

  map.on('pagespeak', speak);
  map.page.speak();   // the page around the map may use texts of the sheet
  for (const shown of maps) shown.invalidateSize({animate: false});
  map.fitBounds(map.page.bounds, {padding: [12, 12], animate: false});
}

window.gridtwin = {...window.gridtwin, sheet};
})();
