"""The Streamlit room: what people see. No torch, ever."""
