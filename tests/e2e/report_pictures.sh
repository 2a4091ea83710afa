#!/usr/bin/env bash
# Pictures of report.html in a real browser, to be looked at: on a phone, a tablet and a screen, in the dark, and printed.
# Fails where a page is wider than a phone, is not well-formed, or asks for something.
#   BENCH=target/release/bench tests/e2e/report_pictures.sh [PAGE.html …]
# Without pages: a run of the built-in agents, and the pages that `cargo test html::` has kept in target/tmp/pages.
# Needs Python 3, chromium and pdftoppm, which it installs from Debian where it may. Files go to E2E_CACHE (default:
# target/e2e); their paths are printed.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
pictures=$cache/pictures
mkdir -p "$pictures"
rm -f "$pictures"/*
need_chromium
need pdftoppm poppler-utils

pages=("$@")
if [ $# -eq 0 ]; then
    run --epochs 3 --out results --quiet > /dev/null
    cp "$work"/results/runs/*/report.html "$work/built-in-agents.html"
    kept=("${CARGO_TARGET_DIR:-target}"/tmp/pages/*.html)
    [ -f "${kept[0]}" ] || fail "there is no ${kept[0]}: run cargo test html:: first, or name pages"
    pages=("$work/built-in-agents.html" "${kept[@]}")
fi

# One look at a page by a browser of its own.
browse() {
    rm -rf "$work/profile"
    timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
        --allow-file-access-from-files --virtual-time-budget=2000 --user-data-dir="$work/profile" "$@" 2> "$work/browser.log" ||
        { cat "$work/browser.log" >&2; fail "the browser failed: $*"; }
}
# The width and height that a page takes in a frame of this width, and what sticks out of it.
measure() {
    cat > "$work/frame.html" << END
<!DOCTYPE html><iframe id="page" src="file://$1" style="width:$2px;height:800px;border:0"></iframe><script>
onload = () => {
  const view = document.getElementById('page').contentDocument, root = view.documentElement;
  const inner = element => element.parentElement.closest('.scroll, svg');
  const out = [...view.querySelectorAll('body *')].filter(e => !inner(e) && e.getBoundingClientRect().right > $2 + 0.5);
  document.title = [root.scrollWidth, root.scrollHeight, performance.getEntriesByType('resource').length,
    view.defaultView.performance.getEntriesByType('resource').length, out.map(e => e.tagName + '.' + e.className).slice(0, 5)].join(' ');
};
</script>
END
    browse --window-size=1600,1200 --dump-dom "file://$work/frame.html" | sed -n 's:.*<title>\(.*\)</title>.*:\1:p'
}

for page in "${pages[@]}"; do
    page=$(realpath -m "$page")
    [ -f "$page" ] || fail "there is no $page"
    name=$(basename "$page" .html)
    [ "$name" != report ] || name=$(basename "$(dirname "$page")")
    python3 -c 'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' "$page" || fail "$page is not well-formed"
    for width in 390 820 1440; do
        read -r wide high _ asked out <<< "$(measure "$page" "$width")"
        [ -n "${high:-}" ] || fail "$name: nothing was measured at $width px"
        [ "$wide" -le "$width" ] && [ -z "$out" ] || fail "$name: at $width px it is $wide px wide: ${out:-}"
        [ "$asked" -eq 0 ] || fail "$name: it asks for $asked files"
        # Chromium cuts pictures at 16 384 px.
        browse --window-size="$width,$((high < 16000 ? high : 16000))" --screenshot="$pictures/$name-$width.png" "file://$page"
    done
    browse --blink-settings=preferredColorScheme=0 --window-size=820,"$((high < 8000 ? high : 8000))" \
        --screenshot="$pictures/$name-dark.png" "file://$page"
    browse --no-pdf-header-footer --print-to-pdf="$work/page.pdf" "file://$page"
    pdftoppm -png -r 60 -l 6 "$work/page.pdf" "$pictures/$name-print"
done
ls "$pictures"/*.png
