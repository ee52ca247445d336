"""The pages Lesson and Class: a student's steps, and a teacher's board."""
