"""What leaves the program: pictures, movies, surfaces, figures, cubes, tables."""
