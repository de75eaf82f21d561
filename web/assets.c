/* SPDX-License-Identifier: Apache-2.0 */
#include "web/assets.h"

#include "io/crypt.h"

#ifdef JALON_WEB
/* From assets.S. */
extern const char asset_index[];
extern const char asset_index_end[];
extern const char asset_app_js[];
extern const char asset_app_js_end[];
extern const char asset_picture_js[];
extern const char asset_picture_js_end[];
extern const char asset_app_css[];
extern const char asset_app_css_end[];
extern const char asset_icon[];
extern const char asset_icon_end[];

static const struct asset assets[] = {
    {"/", "index.html.gz", "text/html; charset=utf-8", asset_index, asset_index_end},
    {"/app.js", "app.js.gz", "text/javascript; charset=utf-8", asset_app_js, asset_app_js_end},
    {"/picture.js", "picture.js.gz", "text/javascript; charset=utf-8", asset_picture_js,
     asset_picture_js_end},
    {"/app.css", "app.css.gz", "text/css; charset=utf-8", asset_app_css, asset_app_css_end},
    {"/icon.svg", "icon.svg.gz", "image/svg+xml", asset_icon, asset_icon_end},
    {"/favicon.ico", "icon.svg.gz", "image/svg+xml", asset_icon, asset_icon_end},
};
static const size_t assets_count = sizeof assets / sizeof *assets;
#else
static const struct asset *const assets = NULL;
static const size_t assets_count = 0;
#endif

const struct asset *assets_find(struct str path)
{
    for (size_t i = 0; i < assets_count; i++)
        if (str_eq(path, str_of(assets[i].path)))
            return &assets[i];
    return NULL;
}

bool assets_there(void)
{
    return assets_count > 0;
}

void assets_etag(struct str bytes, char out[static ASSETS_ETAG_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[CRYPT_DIGEST_BYTES];
    crypt_sha256(bytes.p, bytes.n, digest);
    char *p = out;
    *p++ = '"';
    for (size_t i = 0; i < 16; i++) {
        *p++ = digits[digest[i] >> 4];
        *p++ = digits[digest[i] & 15];
    }
    *p++ = '"';
    *p = '\0';
}
