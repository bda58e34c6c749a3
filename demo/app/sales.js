'use strict';
// Which territory each sales representative has; for whom they work there, Customers knows.

const { serve } = require('./service.js');

serve({
  name: 'sales',
  peer: 'customers',
  port: Number(process.env.PORT || 3000),
  rows: [
    { rep: 'Alice', territory: 'Atlanta' },
    { rep: 'Bob', territory: 'Boston' },
    { rep: 'Carol', territory: 'Chicago' },
    { rep: 'Dave', territory: 'Denver' },
  ],
  complete: (row, customers) => {
    const match = customers && customers.find(({ rep }) => rep === row.rep);
    return match
      ? { ...row, customer: match.customer, source: row.source.concat(match.source) }
      : { ...row, customer: customers ? 'Not Found' : 'No data available.' };
  },
});
