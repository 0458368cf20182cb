"""The whole product as programs: started, killed and asked over HTTP as its users do."""
