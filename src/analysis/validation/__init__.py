"""The passport of the methods: the studies held against a simulated bank whose truth is known. Nothing but `crm` imports it."""
