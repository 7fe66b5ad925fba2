"""The mouse V1 model as code: what is built, which stimuli it sees, and the engines that run it."""
