/* CRC-32C (Castagnoli), fed byte by byte. */
#ifndef PGW_CRC32C_H
#define PGW_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The start of a CRC: no byte yet. */
#define PGW_CRC32C_START 0u
/* What the CRC of any bytes with their own CRC behind them (4 bytes, little-endian) is. */
#define PGW_CRC32C_RESIDUE 0x48674BC7u

/* The CRC of what `crc` is of, followed by these bytes. `bytes` may be NULL when `len` is 0. */
uint32_t pgw_crc32c(uint32_t crc, const uint8_t *bytes, size_t len);

#endif
