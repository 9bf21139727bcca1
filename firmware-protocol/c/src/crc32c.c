/* CRC-32C with a table of 64 bytes, half a byte a step: of "123456789" it is E3069283. */
#include "crc32c.h"

/* What each half byte does to the remainder, polynomial 1EDC6F41 reflected. */
static const uint32_t TABLE[16] = {
    0x00000000u, 0x105EC76Fu, 0x20BD8EDEu, 0x30E349B1u, 0x417B1DBCu, 0x5125DAD3u, 0x61C69362u, 0x7198540Du,
    0x82F63B78u, 0x92A8FC17u, 0xA24BB5A6u, 0xB21572C9u, 0xC38D26C4u, 0xD3D3E1ABu, 0xE330A81Au, 0xF36E6F75u,
};

uint32_t pgw_crc32c(uint32_t crc, const uint8_t *bytes, size_t len) {
    uint32_t remainder = ~crc;
    for (size_t i = 0; i < len; i++) {
        remainder ^= bytes[i];
        remainder = (remainder >> 4) ^ TABLE[remainder & 0x0F];
        remainder = (remainder >> 4) ^ TABLE[remainder & 0x0F];
    }
    return ~remainder;
}
