// What every page has: nothing is fetched from elsewhere.
"use strict";
