'use strict';
// Who the customers are; which sales representative each has, Sales knows.

const { serve } = require('./service.js');

serve({
  name: 'customers',
  peer: 'sales',
  port: Number(process.env.PORT || 4000),
  rows: [
    { rep: 'Alice', customer: 'ACME' },
    { rep: 'Bob', customer: 'Vandelay' },
    { rep: 'Carol', customer: 'Hooli' },
    { rep: 'Dave', customer: 'Initech' },
  ],
  complete: (row, sales) => {
    const match = sales && sales.find(({ rep }) => rep === row.rep);
    return match
      ? { ...row, territory: match.territory, source: row.source.concat(match.source) }
      : { ...row, territory: sales ? 'Not Found' : 'No data available.' };
  },
});
