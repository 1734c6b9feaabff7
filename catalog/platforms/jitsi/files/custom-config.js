// SPDX-License-Identifier: AGPL-3.0-or-later
// Nobody outside is asked for anything: no pictures by mail address, no finding of addresses.
config.disableThirdPartyRequests = true;
config.gravatar = { disabled: true };
config.p2p = { enabled: false };
config.analytics = { disabled: true };
