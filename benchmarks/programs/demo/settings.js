// SPDX-License-Identifier: AGPL-3.0-or-later
var server = "ws://" + window.location.hostname + ":8188";
var iceServers = [];
var token, apisecret;
