variable "subscription_id" {
  description = "The subscription that pays: `az account show --query id --output tsv`."
  type        = string
}

variable "name" {
  description = "What everything is called after: 3 to 16 small letters and digits."
  type        = string
  default     = "wattline"

  validation {
    condition     = can(regex("^[a-z0-9]{3,16}$", var.name))
    error_message = "The name has 3 to 16 small letters and digits, since the account is called after it."
  }
}

variable "region" {
  description = "Where the copy lies, for example italynorth or westeurope; not used with an existing group."
  type        = string
  default     = "italynorth"
}

variable "replication" {
  description = "LRS keeps three copies in one building, ZRS in three, GRS in two regions."
  type        = string
  default     = "LRS"
}

variable "container" {
  description = "The name of the container."
  type        = string
  default     = "sets"
}

variable "existing_resource_group" {
  description = "A resource group that is there already; a new one is made where this is empty."
  type        = string
  default     = ""
}

variable "existing_account" {
  description = "A storage account that is there already, in existing_resource_group. Its versioning, soft delete, lifecycle and keys stay as they are: see to them yourself."
  type        = string
  default     = ""
}

variable "undelete_days" {
  description = "For how many days what was deleted or overwritten can be had back."
  type        = number
  default     = 30
}

variable "secret_from" {
  description = "The day from which the Pi's secret counts, RFC 3339. A new day makes a new secret."
  type        = string
}

variable "secret_days" {
  description = "For how many days the Pi's secret is good."
  type        = number
  default     = 730
}
