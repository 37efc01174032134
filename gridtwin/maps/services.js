/* Services on a page: plan, service areas or coverage; switches of kinds and limits (see service_panel.py).
   Texts from the data only ever pass through textContent. */
(function () {
'use strict';

function services(map, texts, options, layers) {
  const {say, number, add, sample} = map.page, side = document.querySelector('.gt-side'), legend = side.querySelector('.gt-legend');
  for (const [lang, table] of Object.entries(texts)) Object.assign(map.page.texts[lang], table);
  const panel = document.querySelector('.gt-services'), sayText = text => say(text.key, text.params);
  side.insertBefore(panel, legend);
  const all = layers.kinds.flatMap(kind => [...kind.areas, kind.points, kind.sites]).concat(layers.gaps).filter(Boolean);
  map.page.searched.push(...layers.kinds.flatMap(kind => [kind.points, kind.sites]).filter(Boolean));

  /* ---- what is shown ---- */

  const state = {
    view: options.first, kind: options.foci.length ? options.foci[options.focus].kind : 0, focus: options.focus, gaps: true, facilities: true, sites: true,
    on: options.kinds.map((kind, n) => ({shown: n === 0, areas: kind.areas.map(() => true)})),
  };
  const fociOf = kind => options.foci.map((focus, n) => n).filter(n => options.foci[n].kind === kind);

  function wanted() {
    if (state.view === 'plan') return [];
    if (state.view === 'areas') {
      return layers.kinds.flatMap(({areas, points, sites}, n) => !state.on[n].shown ? []
        : [...areas.filter((_, k) => state.on[n].areas[k]), points, state.sites ? sites : null]);
    }
    const {points, sites} = layers.kinds[state.kind], {gaps} = options.foci[state.focus];
    return [state.gaps && gaps >= 0 ? layers.gaps : null, state.facilities ? points : null, state.sites ? sites : null];
  }
  function apply() {
    const some = new Set(wanted().filter(Boolean)), focus = options.foci[state.focus];
    if (layers.grids) layers.grids.wear(state.view === 'plan' ? -1 : state.view === 'coverage' ? Math.max(0, focus.grids) : 0);
    if (layers.gaps && focus && focus.gaps >= 0) layers.gaps.wear(focus.gaps);
    for (const layer of all) {
      if (some.has(layer) !== map.hasLayer(layer)) some.has(layer) ? map.addLayer(layer) : map.removeLayer(layer);
    }
    write();
  }

  /* ---- the panel ---- */

  let boxes = 0;
  function button(parent, text, pressed, act) {
    const item = add(parent, 'button', text);
    item.type = 'button';
    item.id = 'gt-service-' + boxes++;
    item.setAttribute('aria-pressed', String(pressed));
    item.addEventListener('click', () => { act(); apply(); });
    return item;
  }
  function box(parent, checked, act, className) {
    const label = add(parent, 'label', undefined, className), input = add(label, 'input');
    input.type = 'checkbox';
    input.id = 'gt-service-' + boxes++;
    input.checked = checked;
    input.addEventListener('change', () => { act(input.checked); apply(); });
    return label;
  }
  function row(list, entry, checked, act) {
    const item = add(list, 'li', undefined, checked ? '' : 'gt-off'), label = box(item, checked, act);
    sample(label, entry.style, entry.kind);
    add(label, 'span', entry.text, 'gt-name');
    if (entry.count) add(label, 'span', number(entry.count), 'gt-count');
    return item;
  }
  const siteStyle = {fill: '#ffe066', fillOpacity: 1, stroke: '#1f2a33', weight: 2, dash: [], shape: 'diamond', radius: 5};
  function siteRow(list, count) {
    if (count) row(list, {style: siteStyle, kind: 'point', text: say('layer_sites'), count}, state.sites, on => { state.sites = on; });
  }

  function writeAreas() {
    add(panel, 'h2', say('areas_title'));
    const list = add(panel, 'ul');
    options.kinds.forEach(({name, style, count, areas}, n) => {
      const on = state.on[n];
      const item = row(list, {style, kind: 'point', text: sayText(name), count}, on.shown, shown => { on.shown = shown; });
      if (!areas.length) return;
      const chips = add(item, 'div', undefined, 'gt-chips');
      areas.forEach((area, k) => {
        const chip = box(chips, on.shown && on.areas[k], checked => {
          if (!on.shown) on.areas.fill(false);
          on.areas[k] = checked;
          on.shown = true;
        });
        const name = add(chip, 'span', sayText(area.limit)), bar = add(name, 'i');
        bar.style.backgroundColor = area.style.fill;
        bar.style.opacity = area.style.fillOpacity;
        chip.querySelector('input').setAttribute('aria-label', say('area_of', {kind: options.kinds[n].name, limit: area.limit}));
      });
    });
    siteRow(list, options.kinds.reduce((sum, kind) => sum + kind.sites, 0));
    add(panel, 'p', say('areas_hint'), 'gt-hint');
  }

  function writeCoverage() {
    const focus = options.foci[state.focus], kind = options.kinds[state.kind];
    add(panel, 'h2', say('coverage_title'));
    const label = add(panel, 'label', say('coverage_kind'), 'gt-pick'), select = add(label, 'select');
    select.id = 'gt-service-kind';
    for (const n of [...new Set(options.foci.map(some => some.kind))]) {
      const option = add(select, 'option', sayText(options.kinds[n].name));
      option.value = n;
      option.selected = n === state.kind;
    }
    select.addEventListener('change', () => {
      const limit = sayText(focus.limit), foci = fociOf(Number(select.value));
      state.kind = Number(select.value);
      state.focus = foci.find(n => sayText(options.foci[n].limit) === limit) ?? foci[0];
      apply();
    });
    const limits = add(panel, 'div', undefined, 'gt-limits');
    limits.setAttribute('role', 'group');
    limits.setAttribute('aria-label', say('coverage_limit'));
    for (const n of fociOf(state.kind)) button(limits, sayText(options.foci[n].limit), n === state.focus, () => { state.focus = n; });
    writeReached(focus.reached);
    if (focus.legend.length) {
      add(panel, 'h3', say('grids_by_share'));
      writeRows(focus.legend);
    }
    const list = add(panel, 'ul', undefined, 'gt-switches');
    if (focus.gaps >= 0) {
      const text = say('layer_gaps', {households: focus.households}), entry = {...options.gapLegend[1], text};
      const item = row(list, entry, state.gaps, on => { state.gaps = on; });
      if (state.gaps) writeRows(options.gapLegend, item);
    }
    const name = say('layer_kind', {kind: kind.name});
    if (kind.count) row(list, {style: kind.style, kind: 'point', text: name, count: kind.count}, state.facilities, on => { state.facilities = on; });
    siteRow(list, kind.sites);
  }
  function writeRows(rows, parent = panel) {
    const list = add(parent, 'ul', undefined, 'gt-rows');
    for (const {text, style, kind, count} of rows) {
      const item = add(list, 'li');
      sample(item, style, kind);
      add(item, 'span', sayText(text), 'gt-name');
      if (count !== null) add(item, 'span', number(count), 'gt-count');
    }
  }
  function writeReached(groups) {
    if (!groups.length) return;
    const table = add(panel, 'table', undefined, 'gt-reached'), head = add(add(table, 'thead'), 'tr'), body = add(table, 'tbody');
    const targets = groups.some(group => group.target !== null);
    for (const key of ['coverage_group', 'coverage_share', ...(targets ? ['coverage_target'] : [])]) add(head, 'th', say(key)).scope = 'col';
    for (const {group, share, target, met} of groups) {
      const line = add(body, 'tr', undefined, met === false ? 'gt-missed' : '');
      add(line, 'th', say('group_' + group)).scope = 'row';
      add(line, 'td', map.page.write(share, {type: 'share'}));
      if (!targets) continue;
      const asked = target === null ? null : map.page.write(target, {type: 'share'});
      add(line, 'td', target === null ? '' : met === null ? asked : say(met ? 'coverage_met' : 'coverage_missed', {target: asked}));
    }
  }

  function write() {
    const focused = document.activeElement && document.activeElement.id;
    panel.replaceChildren();
    boxes = 0;
    if (options.views.length > 1) {
      const views = add(panel, 'div', undefined, 'gt-views');
      views.setAttribute('role', 'group');
      views.setAttribute('aria-label', say('view'));
      for (const view of options.views) button(views, say('view_' + view), view === state.view, () => { state.view = view; });
    }
    if (state.view === 'areas') writeAreas();
    if (state.view === 'coverage') writeCoverage();
    legend.hidden = state.view !== 'plan';
    const again = focused && focused.startsWith('gt-service-') && document.getElementById(focused);
    if (again) again.focus();
  }

  /* ---- the areas of the facility that is pinned ---- */

  const outlines = L.layerGroup().addTo(map);
  map.on('packedpin', ({found}) => {
    outlines.clearLayers();
    const n = found ? layers.kinds.findIndex(kind => kind.points === found[0]) : -1;
    if (n < 0) return;
    if (!map.hasLayer(found[0]) || !wanted().includes(found[0])) show(n);
    const facility = found[0].value('facility_id', found[1]);
    layers.kinds[n].areas.forEach((areas, k) => {
      if (!areas.data) return;
      const i = areas.data.columns.facility_id.indexOf(facility);
      if (i < 0) return;
      const style = {color: options.kinds[n].style.fill, weight: 3.2 - 0.7 * k, dashArray: k ? `${7 - k} ${3 + k}` : null};
      outlines.addLayer(areas.outline(i).setStyle(style));
    });
  });
  /* A facility that the search went to, of a kind that is not shown. */
  function show(n) {
    if (state.view === 'plan') state.view = 'areas';
    if (state.view === 'areas') state.on[n].shown = true;
    else if (fociOf(n).length) Object.assign(state, {kind: n, focus: fociOf(n)[0], facilities: true});
    else { state.view = 'areas'; state.on[n].shown = true; }
    apply();
  }

  map.on('pagespeak', write);
  apply();
  map.page.speak();
}

window.gridtwin = {...window.gridtwin, services};
})();
