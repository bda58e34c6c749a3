CMD [ "/bin/containerpilot", "node", "/opt/customers/customers.js" ]
