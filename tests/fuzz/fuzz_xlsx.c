/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a spreadsheet file, and as the XML of its sheet: rows of sound UTF-8, or an
 * error that says what is wrong. */
#include "io/xlsx_read.h"

#include <minizip/zip.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err on_row(void *ctx, const struct xlsx_row *row)
{
    (void)ctx;
    must(row->n <= XLSX_COLUMNS_MAX);
    for (uint32_t i = 0; i < row->n; i++)
        must(row->cell[i].n == 0 || str_utf8(row->cell[i]));
    return ERR_OK;
}

static void read_path(const char *path)
{
    struct note why = {""};
    enum err err = xlsx_read(path, on_row, NULL, &why);
    must(err == ERR_OK || err == ERR_NOMEM || why.text[0] != '\0');
}

static void add(zipFile zip, const char *name, const void *bytes, size_t n)
{
    must(zipOpenNewFileInZip(zip, name, NULL, NULL, 0, NULL, 0, NULL, 0, 0) == ZIP_OK);
    must(zipWriteInFileInZip(zip, bytes, (unsigned)n) == ZIP_OK);
    must(zipCloseFileInZip(zip) == ZIP_OK);
}

/* A sound archive around it. */
static void read_sheet(const char *path, const uint8_t *data, size_t size)
{
    static const char book[] = "<w><sheet id='a'/></w>";
    static const char relations[] = "<r><Relationship Id='a' Target='s'/></r>";
    static const char styles[] = "<s><cellXfs><xf numFmtId='22'/><xf numFmtId='14'/>"
                                 "<xf numFmtId='20'/></cellXfs></s>";
    static const char shared[] = "<s><si><t>a</t></si></s>";
    zipFile zip = zipOpen64(path, APPEND_STATUS_CREATE);
    must(zip != NULL);
    add(zip, "xl/workbook.xml", book, sizeof book - 1);
    add(zip, "xl/_rels/workbook.xml.rels", relations, sizeof relations - 1);
    add(zip, "xl/styles.xml", styles, sizeof styles - 1);
    add(zip, "xl/sharedStrings.xml", shared, sizeof shared - 1);
    add(zip, "xl/s", data, size);
    must(zipClose(zip, NULL) == ZIP_OK);
    read_path(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[32];
    if (fd < 0)
        fd = memfd_create("xlsx", MFD_CLOEXEC);
    must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_path(path);
    read_sheet(path, data, size);
    return 0;
}
