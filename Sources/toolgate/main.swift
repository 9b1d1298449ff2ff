print("toolgate")
