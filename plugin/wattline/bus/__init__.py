"""The RS485 bus: the port, Modbus RTU upon it, and the conversation with each meter."""
