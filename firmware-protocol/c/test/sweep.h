/* Every cut and every change of one byte of a frame and of its body. */
#ifndef TEST_SWEEP_H
#define TEST_SWEEP_H

#include "patrol_protocol.h"

/* CRC-32C and both HMAC suites. */
#define KEYS 3u

/* Prints, for a frame that opens:
 *   "accepted": cut or changed frames that opened, which is to be 0,
 *   "cuts": the verdict on the body cut to each length,
 *   "changes": for each byte of the body a hash over the verdicts on its 255 other values.
 * A verdict is the error of decoding; the hash also takes in the body sealed again. Of a long body only the first and
 * last places are looked at. */
void sweep(const uint8_t *bytes, size_t len, const pgw_key keys[KEYS]);

#endif
