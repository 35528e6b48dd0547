// Files that report pages hold. Defined by what embed.py makes of them.
#ifndef PUMASI_TOOLS_COMPARE_ASSETS_H_
#define PUMASI_TOOLS_COMPARE_ASSETS_H_

namespace pumasi {

extern const char kPageStyle[];     // page.css
extern const char kPageScript[];    // page.js
extern const char kChartLibrary[];  // chart.min.js of Debian's libjs-chart.js

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_ASSETS_H_
