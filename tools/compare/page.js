// Draws the charts of a report out of the JSON in #data. The tables hold all figures without it.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = [];
  const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const series = (i) => colour("--c" + (i % 8));
  // Beyond eight colours lines are told apart by their dashes. Curves of equal work lie on one another: every second
  // one is dashed, so that the one below shows.
  const dashes = [[], [7, 5], [2, 3], [10, 3, 2, 3]];
  const dash = (i) => dashes[i % 2 + 2 * (Math.floor(i / 8) % 2)];
  // Long names in several lines, so that a narrow screen has room for the bars: at commas, and words that are longer
  // than a line behind a dot, a sign or, without any, where the line is full.
  const mostInLine = 24;
  const pieces = (word) => word.length <= mostInLine ? [word]
    : word.match(new RegExp("[^.=/_: -]{1," + mostInLine + "}[.=/_: -]*|[.=/_: -]+", "g"));
  function lines(label) {
    const found = [];
    for (const part of label.split(", ")) {
      let line = "";
      for (const piece of pieces(part)) {
        if (line && line.length + piece.length > mostInLine) {
          found.push(line);
          line = "";
        }
        line += piece;
      }
      found.push(line);
    }
    return found;
  }
  // The largest unit in which the largest value is not below 1.
  function inUnit(values, units) {
    const most = Math.max(0, ...values.flat().filter((value) => value !== null));
    const [name, size] = units.filter((unit) => unit[1] <= most).pop() || units[0];
    return { name, scaled: (list) => list.map((value) => value === null ? null : value / size) };
  }
  const byteUnits = [["B", 1], ["kB", 1e3], ["MB", 1e6], ["GB", 1e9], ["TB", 1e12]];
  // All bars have as much room as the one with the most lines beside it.
  const barHeight = () => {
    const most = Math.max(...data.labels.map((label) => lines(label).length));
    return 80 + data.labels.length * (14 + 15 * most) + "px";
  };

  // A line from the least to the most of each bar's repetitions.
  const whiskers = {
    id: "whiskers",
    afterDatasetsDraw(chart) {
      chart.data.datasets.forEach((dataset, d) => {
        if (!dataset.ends || !chart.isDatasetVisible(d)) return;
        const context = chart.ctx;
        context.save();
        context.strokeStyle = colour("--ink");
        context.lineWidth = 2;
        chart.getDatasetMeta(d).data.forEach((bar, i) => {
          const ends = dataset.ends[i];
          if (!ends || ends[0] === ends[1]) return;
          const from = chart.scales.x.getPixelForValue(ends[0]);
          const to = chart.scales.x.getPixelForValue(ends[1]);
          context.beginPath();
          context.moveTo(from, bar.y - 5); context.lineTo(from, bar.y + 5);
          context.moveTo(to, bar.y - 5); context.lineTo(to, bar.y + 5);
          context.moveTo(from, bar.y); context.lineTo(to, bar.y);
          context.stroke();
        });
        context.restore();
      });
    },
  };

  // What the colours mean, below a chart with several: as text of the page, which wraps on a narrow screen and takes no
  // room from the chart. A click hides a series and brings it back.
  function legend(canvas, chart) {
    const figure = canvas.closest("figure");
    const old = figure.querySelector(".legend");
    if (old) old.remove();
    if (chart.data.datasets.length < 2) return;
    const list = document.createElement("div");
    list.className = "legend";
    chart.data.datasets.forEach((dataset, i) => {
      const item = document.createElement("button");
      const mark = document.createElement("span");
      mark.className = "mark" + (dataset.borderDash && dataset.borderDash.length > 0 ? " dashed" : "");
      mark.style.color = dataset.backgroundColor;
      item.type = "button";
      item.setAttribute("aria-pressed", "true");
      item.append(mark, dataset.label);
      item.addEventListener("click", () => {
        const shown = !chart.isDatasetVisible(i);
        chart.setDatasetVisibility(i, shown);
        chart.update();
        item.setAttribute("aria-pressed", String(shown));
      });
      list.append(item);
    });
    figure.append(list);
  }

  function draw(name, config) {
    const canvas = document.getElementById("chart-" + name);
    if (!canvas) return;
    const chart = new Chart(canvas, config);
    charts.push(chart);
    legend(canvas, chart);
  }

  function axis(title, more) {
    return Object.assign({
      title: { display: true, text: title },
      grid: { color: colour("--line") },
      ticks: { callback: (value) => number.format(value) },
    }, more);
  }

  // Lying bars, one for each configuration. datasets: [{label, data, ends?, colour}].
  function bars(name, title, datasets, stacked, scale) {
    const canvas = document.getElementById("chart-" + name);
    if (!canvas) return;
    canvas.parentElement.style.height = barHeight();
    draw(name, {
      type: "bar",
      data: {
        labels: data.labels.map(lines),
        datasets: datasets.map((set) => ({
          label: set.label, data: set.data, ends: set.ends, backgroundColor: set.colour, maxBarThickness: 22,
        })),
      },
      options: {
        indexAxis: "y", maintainAspectRatio: false, animation: false,
        scales: {
          x: axis(title, Object.assign({ beginAtZero: true, stacked }, scale)),
          y: { stacked, grid: { display: false }, ticks: { autoSkip: false } },
        },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              label: (item) => {
                const ends = item.dataset.ends && item.dataset.ends[item.dataIndex];
                return item.dataset.label + ": " + number.format(item.raw) +
                  (ends && ends[0] !== ends[1] ? " (" + number.format(ends[0]) + " to " + number.format(ends[1]) + ")" : "");
              },
            },
          },
        },
      },
      plugins: [whiskers],
    });
  }

  // A line for each configuration. points(curve): [[x, y], ...]. Where all values are nearly one, the axis shows a tenth
  // of it to each side.
  function curves(name, xTitle, yTitle, points, dots) {
    const values = data.curves.flatMap((curve) => points(curve).map((point) => point[1]));
    const least = Math.min(...values), most = Math.max(...values);
    const near = Math.max(Math.abs(least), Math.abs(most)) / 10;
    const range = most - least < near ? { suggestedMin: least - near, suggestedMax: most + near } : {};
    draw(name, {
      type: "scatter",
      data: {
        // A configuration has its colour in all charts; those without any point are left out.
        datasets: data.curves.map((curve, i) => ({
          label: curve.label, data: points(curve).map(([x, y]) => ({ x, y })), showLine: true,
          borderColor: series(i), backgroundColor: series(i), borderWidth: 2, borderDash: dash(i),
          pointRadius: dots || points(curve).length === 1 ? 3 : 0,
        })).filter((set) => set.data.length > 0),
      },
      options: {
        maintainAspectRatio: false, animation: false, interaction: { mode: "nearest", intersect: false },
        scales: { x: axis(xTitle, { beginAtZero: true }), y: axis(yTitle, range) },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              label: (item) => item.dataset.label + ": " + number.format(item.parsed.y) + " at " +
                number.format(item.parsed.x),
            },
          },
        },
      },
    });
  }

  function drawAll() {
    charts.splice(0).forEach((chart) => chart.destroy());
    Chart.defaults.color = colour("--ink");
    Chart.defaults.borderColor = colour("--line");
    Chart.defaults.font.family = "system-ui, sans-serif";
    bars("speed", "rows/s", [{
      label: "rows/s", data: data.speed.map((s) => s.median), ends: data.speed.map((s) => [s.least, s.most]),
      colour: series(0),
    }], false);
    bars("target", "seconds of training", [{
      label: "seconds", data: data.target.map((s) => s && s.median), ends: data.target.map((s) => s && [s.least, s.most]),
      colour: series(2),
    }], false);
    bars("efficiency", "of one worker's rows/s, a worker", [{
      label: "efficiency", data: data.efficiency, colour: series(5),
    }], false);
    bars("shares", "share of the workers' time", data.shares.map((share, i) => ({
      label: share.name, data: share.values, colour: series(i),
    })), true, { max: 1 });
    const moved = inUnit([data.pulled, data.pushed], byteUnits);
    bars("bytes", moved.name + " a step", [
      { label: "pulled", data: moved.scaled(data.pulled), colour: series(0) },
      { label: "pushed", data: moved.scaled(data.pushed), colour: series(1) },
    ], false);
    const held = inUnit([data.workerBytes, data.serverBytes], byteUnits);
    bars("memory", held.name, [
      { label: "largest worker", data: held.scaled(data.workerBytes), colour: series(0) },
      { label: "largest server", data: held.scaled(data.serverBytes), colour: series(1) },
    ].filter((set) => set.data.some((value) => value !== null)), false);
    const metric = "test " + data.metric;
    curves("loss-time", "seconds of training", "loss", (c) => c.loss.map((p) => [p[0], p[2]]), false);
    curves("loss-samples", "samples", "loss", (c) => c.loss.map((p) => [p[1], p[2]]), false);
    curves("test-time", "seconds of training", metric, (c) => c.tests.map((p) => [p[0], p[2]]), true);
    curves("test-samples", "samples", metric, (c) => c.tests.map((p) => [p[1], p[2]]), true);
  }

  // Canvases need a size before they are drawn. If that fails, the tables are left.
  document.documentElement.classList.add("js");
  try {
    drawAll();
  } catch (error) {
    document.documentElement.classList.remove("js");
    throw error;
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
