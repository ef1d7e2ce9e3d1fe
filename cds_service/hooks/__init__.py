"""The CDS Hooks wire: requests into typed values, answers and errors into JSON."""
