// Draws the charts of a report out of the JSON in #data. The tables hold all figures without it.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = [];
  const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const series = (i) => colour("--c" + (i % 8));
  // Long names in several lines, so that a narrow screen has room for the bars.
  const lines = (label) => label.split(", ");
  // Each setting makes a line longer; a chart with many bars is higher.
  const barHeight = () => data.labels.reduce((sum, label) => sum + 14 + 14 * lines(label).length, 80) + "px";

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

  function draw(name, config) {
    const canvas = document.getElementById("chart-" + name);
    if (canvas) charts.push(new Chart(canvas, config));
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
          legend: { display: datasets.length > 1, position: "bottom" },
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

  // A line for each configuration. points(curve): [[x, y], ...]. The names below may take a line each: the curves shall
  // keep their height whatever their number is. Where all values are nearly one, the axis shows a tenth of it to each side.
  function curves(name, xTitle, yTitle, points, dots) {
    const canvas = document.getElementById("chart-" + name);
    if (!canvas) return;
    canvas.parentElement.style.height = 260 + 24 * data.curves.length + "px";
    const values = data.curves.flatMap((curve) => points(curve).map((point) => point[1]));
    const least = Math.min(...values), most = Math.max(...values);
    const near = Math.max(Math.abs(least), Math.abs(most)) / 10;
    const range = most - least < near ? { suggestedMin: least - near, suggestedMax: most + near } : {};
    draw(name, {
      type: "scatter",
      data: {
        datasets: data.curves.map((curve, i) => ({
          label: curve.label, data: points(curve).map(([x, y]) => ({ x, y })), showLine: true,
          borderColor: series(i), backgroundColor: series(i), borderWidth: 2, pointRadius: dots ? 3 : 0,
          // Curves of equal work lie on one another: a dashed one lets the one below show. Eight colours come again dotted.
          borderDash: i % 2 ? [7, 5] : i % 16 > 7 ? [2, 4] : [], pointStyle: dots ? "circle" : "line",
        })),
      },
      options: {
        maintainAspectRatio: false, animation: false, interaction: { mode: "nearest", intersect: false },
        scales: { x: axis(xTitle, { beginAtZero: true }), y: axis(yTitle, range) },
        plugins: {
          legend: { position: "bottom", labels: { usePointStyle: true, pointStyleWidth: 36 } },
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
    bars("bytes", "kB a step", [
      { label: "pulled", data: data.pulled.map((b) => b && b / 1e3), colour: series(0) },
      { label: "pushed", data: data.pushed.map((b) => b && b / 1e3), colour: series(1) },
    ], false);
    bars("memory", "MB", [
      { label: "largest worker", data: data.workerBytes.map((b) => b && b / 1e6), colour: series(0) },
      { label: "largest server", data: data.serverBytes.map((b) => b && b / 1e6), colour: series(1) },
    ], false);
    const metric = "test " + data.metric;
    curves("loss-time", "seconds of training", "loss", (c) => c.loss.map((p) => [p[0], p[2]]), false);
    curves("loss-samples", "samples", "loss", (c) => c.loss.map((p) => [p[1], p[2]]), false);
    curves("test-time", "seconds of training", metric, (c) => c.tests.map((p) => [p[0], p[2]]), true);
    curves("test-samples", "samples", metric, (c) => c.tests.map((p) => [p[1], p[2]]), true);
  }

  document.documentElement.classList.add("js");
  drawAll();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
