/*
 * The version of this program: what /capabilities, `porchlight --version` and the log say.
 */
#ifndef PORCHLIGHT_API_VERSION_H
#define PORCHLIGHT_API_VERSION_H

#define PORCHLIGHT_VERSION "0.1.0"

#endif
